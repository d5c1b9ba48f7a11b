//! What clients without this crate write by hand: a change here is one that they notice.

use contract::{InventoryClient, Item};
use flight_runtime::arrow::datatypes::DataType;
use flight_runtime::prelude::*;

#[test]
fn tickets_are_these_texts() {
    let all = InventoryClient::items_route("north".into(), None);
    assert_eq!(all.as_str(), "warehouses/north");
    let some = InventoryClient::items_route("far east".into(), Some(2));
    assert_eq!(some.as_str(), "warehouses/far%20east?limit=2");
    assert_eq!(
        InventoryClient::stock_route("north".into()).as_str(),
        "warehouses/north"
    );
}

#[test]
fn an_item_has_these_columns() {
    let schema = Item::schema();
    let columns: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| {
            (
                field.name().as_str(),
                field.data_type(),
                field.is_nullable(),
            )
        })
        .collect();
    let expected = [
        ("article", &DataType::Utf8, false),
        ("name", &DataType::Utf8, false),
        ("quantity", &DataType::UInt32, false),
        ("price", &DataType::Float64, false),
    ];
    assert_eq!(columns, expected);
}
