//! A list in Redis, popped by a script that records who got what, so that a retry gets the same code.

use std::net::TcpListener;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use redis::{AsyncConnectionConfig, Client, RedisResult, Script, aio::MultiplexedConnection};

use super::{taken, wanted};
use crate::server::PATIENCE;

const TAKE: &str = "
local code = redis.call('HGET', KEYS[2], ARGV[1])
if not code then
  code = redis.call('RPOP', KEYS[1])
  redis.call('HSET', KEYS[2], ARGV[1], code)
end
return code";

struct Shared {
    authorization: String,
    script: Script,
    /// All requests share it, so that their commands leave in one piece: that is what makes Redis fast.
    connection: MultiplexedConnection,
}

pub(super) async fn serve(listener: TcpListener, authorization: String, url: String) -> anyhow::Result<()> {
    let connection = connection(&url).await?;
    let shared = web::Data::new(Shared {
        authorization,
        script: Script::new(TAKE),
        connection,
    });
    let app = move || App::new().app_data(shared.clone()).default_service(web::to(take));
    Ok(HttpServer::new(app).listen(listener)?.run().await?)
}

/// Without the client's own limit of half a second: on a busy disk ten thousand codes at once take longer.
pub(crate) async fn connection(url: &str) -> RedisResult<MultiplexedConnection> {
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    Client::open(url)?
        .get_multiplexed_async_connection_with_config(&patient)
        .await
}

async fn take(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let wanted = match wanted(&request, &body, &shared.authorization) {
        Ok(wanted) => wanted,
        Err(refusal) => return HttpResponse::new(refusal),
    };
    let mut connection = shared.connection.clone();
    let code: RedisResult<String> = shared
        .script
        .key("codes")
        .key("taken")
        .arg(&wanted.user_id)
        .invoke_async(&mut connection)
        .await;
    match code {
        Ok(code) => taken(&code, &wanted.user_id),
        Err(error) => {
            eprintln!("{error}");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}
