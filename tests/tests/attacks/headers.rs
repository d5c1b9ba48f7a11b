//! Headers without end, and headers that grow.

use std::time::Instant;

use flight_runtime::Limits;

use crate::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, Raw, block, field,
    frame, proto, unary,
};
use crate::limited::serve;
use crate::{attack, long};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_continuations_ends_its_connection() {
    attack("CONTINUATION", Limits::default(), async |port| {
        for payload in [vec![], field(0, "x-more", &"x".repeat(1000))] {
            let mut raw = Raw::connect(port).await.unwrap();
            let begun = frame(HEADERS, 0, 1, &block("DoPut", &[]));
            raw.write(&begun).await.unwrap();
            let more = frame(CONTINUATION, 0, 1, &payload).repeat(20);
            let until = Instant::now() + long(10_000);
            while Instant::now() < until && raw.write(&more).await.is_ok() {}
            assert!(Instant::now() < until, "it goes on and on");
            let code = raw.goodbye().await;
            assert!(matches!(code, None | Some(ENHANCE_YOUR_CALM)), "{code:?}");
        }
    })
    .await;
}

/// A block that puts 4,000 bytes into the server's table, and then means them so many times.
fn bomb(times: usize) -> Vec<u8> {
    let mut bomb = block("DoPut", &[]);
    bomb.extend(field(0x40, "x-bomb", &"x".repeat(4000)));
    // The first place of the table that changes.
    bomb.resize(bomb.len() + times, 0x80 | 62);
    bomb
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_grow_are_refused_before_they_have_grown() {
    attack("a header bomb", Limits::default(), async |port| {
        let until = Instant::now() + long(500);
        while Instant::now() < until {
            let mut raw = Raw::connect(port).await.unwrap();
            for stream in (1..40).step_by(2) {
                let bomb = frame(HEADERS, END_HEADERS | END_STREAM, stream, &bomb(12_000));
                if raw.write(&bomb).await.is_err() {
                    break;
                }
            }
            // HTTP's 431, as a literal or by Huffman's code; or the end.
            let answer = raw.until(|frame| frame.kind == HEADERS || frame.kind == GOAWAY);
            if let Ok(answer) = answer.await
                && answer.kind == HEADERS
            {
                assert!(answer.flags & END_STREAM != 0, "{answer:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn headers_just_fit_or_are_just_too_many() {
    // Each is 32 bytes more than its name and value; the others of the call are below 400.
    let of = |value: usize| vec![("x-large", "x".repeat(value))];
    let (server, _) = serve(Limits::default().max_header_size(4000)).await;
    for (value, fits) in [(3400, true), (4000, false)] {
        let mut raw = Raw::connect(server.port()).await.unwrap();
        let more = of(value);
        let more: Vec<_> = more.iter().map(|(name, text)| (*name, &**text)).collect();
        let head = frame(HEADERS, END_HEADERS, 1, &block("DoAction", &more));
        let _ = raw.write(&head).await;
        let hello = unary(1, "DoAction", &proto::named("hello"));
        // The same message, without the HEADERS of its own.
        let data = &hello[hello.len() - (9 + 5 + 7)..];
        let _ = raw.write(data).await;
        let answer = raw.until(|frame| frame.stream == 1 && frame.kind == HEADERS);
        let answer = answer.await.unwrap();
        assert_eq!(answer.flags & END_STREAM == 0, fits, "{answer:?}");
    }
}
