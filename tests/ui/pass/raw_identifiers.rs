use flight_runtime::prelude::*;

struct r#Service;

#[flight_server]
impl r#Service {
    #[do_get("{type}/{*match}?{where}", list = r#loop)]
    async fn r#yield(
        &self,
        r#type: u64,
        r#match: String,
        r#where: Option<String>,
    ) -> Result<BatchStream, Error> {
        let _ = (r#type, r#match, r#where);
        Err(Error::not_found("nothing"))
    }

    fn r#loop(&self) -> Vec<(u64, String)> {
        vec![]
    }
}

fn main() {
    let _ = Service::yield_route(1, "a".to_owned(), None);
}
