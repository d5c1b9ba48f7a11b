use flight_runtime::prelude::*;

macro_rules! by_fragments {
    ($name:ident, $route:literal, $argument:ident: $ty:ty, $vis:vis, $reply:ty, $body:block) => {
        struct $name;

        #[flight_server]
        impl $name {
            #[do_get($route)]
            $vis async fn get(&self, $argument: $ty, __call: CallContext) -> $reply {
                let _ = __call;
                $body
            }
        }
    };
}

by_fragments!(One, "one/{n}", n: u64, pub(crate), Result<BatchStream, Error>, {
    Err(Error::not_found("one"))
});

macro_rules! by_type {
    ($ty:ty) => {
        #[flight_server]
        impl $ty {
            #[do_get("two/{n}?{limit}")]
            async fn get(&self, n: u64, limit: Option<u64>) -> Result<BatchStream, Error> {
                let call = (n, limit);
                Err(Error::not_found(format!("{call:?}")))
            }
        }
    };
}

struct Two;
by_type!(Two);

macro_rules! by_item {
    ($item:item) => {
        #[flight_server]
        $item
    };
}

struct Three;
by_item! {
    impl Three {
        #[do_put("three")]
        fn put(&self) {}
    }
}

macro_rules! by_methods {
    ($ty:ident { $($action:literal => $method:ident),* }) => {
        struct $ty;

        #[flight_server]
        impl $ty {
            $(
                #[action($action)]
                async fn $method(&self) {}
            )*
        }
    };
}

by_methods!(Four { "start" => start, "stop" => stop });

macro_rules! by_rules {
    ($ty:ident, $role:literal, $require:literal, $guard:expr, $caller:ident, $name:tt) => {
        struct $ty;

        #[flight_server(roles($role))]
        impl $ty {
            #[action("text", require = $require)]
            async fn text(&self) {}

            #[action("guard", require = $guard)]
            async fn guard(&self) {}

            #[action("closure", require = |$caller: &Principal| $caller.name() == $name)]
            async fn closure(&self) {}

            #[action("inside", require = |__principal: &Principal| __principal.has_role($role))]
            async fn inside(&self) {}
        }
    };
}

fn may(caller: &Principal) -> bool {
    caller.has_role("admin")
}

by_rules!(Five, "admin", "role:admin", may, caller, "ada");

fn main() {
    let _ = (
        One::get_route(1),
        Two::get_route(1, None),
        Three::put_route(),
        Four,
        Five,
    );
}
