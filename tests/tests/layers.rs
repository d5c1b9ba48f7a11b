//! What tower layers may do to a call, and what they cannot do to its siblings.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;
mod limited;

use std::convert::Infallible;

use common::within;
use flight_runtime::bytes::Buf;
use flight_runtime::http::{Request, Response};
use flight_runtime::tonic::body::Body;
use flight_runtime::{CallBody, CallOptions, CallService, Code, Limits};
use http_body_util::BodyExt;
use limited::{batches, client, download, eventually, hello, limited, upload, waiting};
use tower::ServiceExt;
use tower::layer::layer_fn;

#[tokio::test]
async fn a_layer_may_hold_an_answer_back_until_all_of_it_is_there() {
    within(async {
        let (builder, alive) = limited(Limits::default());
        let collecting = layer_fn(|service: CallService| {
            service.and_then(|response: Response<CallBody>| async move {
                let (head, body) = response.into_parts();
                let Ok(whole) = body.collect().await;
                Ok::<_, Infallible>(Response::from_parts(head, whole))
            })
        });
        let server = builder.layer(collecting).start().await.unwrap();
        let client = client(&server).await;
        hello(&client).await.unwrap();
        assert_eq!(download(&client, "large").await.unwrap(), 2_000_000);
        assert_eq!(upload(&client, batches([3, 4])).await.unwrap(), "7");
        alive.becomes(0).await;
        eventually(|| server.running_calls() == 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_layer_that_panics_ends_its_call_alone() {
    within(async {
        let (builder, alive) = limited(Limits::default());
        let panicking = layer_fn(|service: CallService| {
            let service = service.map_request(|request: Request<Body>| {
                assert!(!request.headers().contains_key("panics"), "on purpose");
                request
            });
            service.map_response(|response: Response<CallBody>| {
                response.map(|body| {
                    let mut rows = 0;
                    body.map_frame(move |frame| {
                        rows += usize::from(
                            frame
                                .data_ref()
                                .is_some_and(|data| data.remaining() > 1 << 20),
                        );
                        assert!(rows < 2, "on purpose");
                        frame
                    })
                })
            })
        });
        let server = builder.layer(panicking).start().await.unwrap();
        let client = client(&server).await;
        // On the same connection.
        let mut sibling = waiting(&client).await.unwrap();
        let options = CallOptions::new().header("panics", "yes").unwrap();
        let error = hello(&client.with(options)).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
        assert!(!error.message().contains("purpose"), "{error}");
        let error = download(&client, "large").await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{error}");
        hello(&client).await.unwrap();
        assert_eq!(alive.count(), 1, "the sibling goes on");
        let more = tokio::time::timeout(std::time::Duration::from_millis(50), sibling.try_next());
        assert!(more.await.is_err(), "the sibling was ended");
    })
    .await;
}
