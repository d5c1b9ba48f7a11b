use flight_runtime::prelude::*;

struct r#Service;

#[flight_server(client = r#Client)]
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

    #[action("move")]
    async fn r#move(&self, r#in: String) -> String {
        r#in
    }

    #[do_action]
    async fn r#match(&self, Json(r#struct): Json<u8>) {
        let _ = r#struct;
    }
}

async fn call(client: Client) -> Result<(), Error> {
    let _ = client.r#yield(1, "a", None).await?;
    let _: String = client.r#move("here").await?;
    client.r#match("any", &1).await
}

fn main() {
    let _ = Service::yield_route(1, "a".to_owned(), None);
    let _ = Client::yield_route(1, "a".to_owned(), None);
    let _ = call;
}
