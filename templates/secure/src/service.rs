//! What is answered, and to whom.

use std::time::Duration;

use flight_runtime::prelude::*;
use flight_runtime::rows::Date;
use flight_runtime::{FlightServerBuilder, Limits, Tokens};

use crate::orders::{Order, Orders};
use crate::users::Users;

pub(crate) struct Shop {
    orders: Orders,
    tokens: Tokens,
}

/// Orders, for those who may see them.
#[flight_server(client = ShopClient, roles("reader", "clerk", "manager"))]
impl Shop {
    /// Orders, from a day on or all.
    #[do_get("orders?{since}", require = "role:reader")]
    async fn orders(&self, since: Option<Date>) -> Rows<Order> {
        self.orders.since(since).into()
    }

    /// Add orders: all of them, or none.
    #[do_put("orders", require = "role:clerk")]
    async fn add(&self, mut rows: Rows<Order>) -> Result<String, Error> {
        let new = rows.read_all().await?;
        let count = new.len();
        self.orders.add(new)?;
        Ok(format!("{count} added"))
    }

    /// Cancel the order of this number.
    #[action("cancel", require = "role:manager")]
    async fn cancel(&self, Json(id): Json<u64>, caller: Principal) -> Result<String, Error> {
        self.orders.cancel(id)?;
        Ok(format!("{} cancelled order {id}", caller.name()))
    }

    /// End the token that the caller came with.
    #[action("log-out")]
    async fn log_out(&self, ctx: CallContext) -> Json<bool> {
        Json(self.tokens.revoke_own(&ctx))
    }
}

/// The service and its settings: what runs, and what the tests connect to.
pub(crate) fn server(users: Users) -> FlightServerBuilder {
    let login = users.login();
    let shop = Shop {
        orders: Orders::default(),
        tokens: login.tokens(),
    };
    FlightServer::builder(shop)
        .authenticator(login)
        .location("grpc+tls://localhost:{{port}}")
        .public_health()
        .reflection()
        // Uploads are collected in memory. What flags say counts more than this.
        .limits(
            Limits::default()
                .max_call_duration(Duration::from_secs(300))
                .max_upload_bytes(64 << 20)
                .max_calls_per_identity(50),
        )
}
