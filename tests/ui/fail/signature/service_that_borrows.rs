#![allow(unused)]

use flight_runtime::prelude::*;

struct Service<'a>(&'a str);

#[flight_server]
impl<'a> Service<'a> {
    #[action("stop")]
    async fn stop(&self) {}
}

fn main() {}
