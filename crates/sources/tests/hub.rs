//! The hub's client against a local server: redirects, refusals, stalls and broken transfers.

mod server;

use std::fs;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use goldpan_artifact::{Progress, Silent};
use goldpan_sources::{Error, Origin, Places, Token, check_model, model, model_path};
use server::{Reply, Request, Server, impatient, places};
use tempfile::TempDir;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn weights() -> Vec<u8> {
    (0..1_000_000u32).map(|i| (i * 31 % 253) as u8).collect()
}

/// The content of a tiny repository's file.
fn content(file: &str) -> Option<Vec<u8>> {
    match file {
        "config.json" => Some(b"{\"model_type\": \"bert\"}".to_vec()),
        "tokenizer.json" => Some(b"{}".to_vec()),
        "modules.json" => Some(
            br#"[
                {"path": "", "type": "sentence_transformers.models.Transformer"},
                {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}
            ]"#
            .to_vec(),
        ),
        "config_sentence_transformers.json" => Some(b"{\"prompts\": {}}".to_vec()),
        "1_Pooling/config.json" => Some(b"{\"pooling\": true}".to_vec()),
        "model.safetensors" => Some(weights()),
        _ => None,
    }
}

fn file(request: &Request) -> &str {
    let path = request.path.trim_start_matches("/moved");
    let mut parts = path.splitn(6, '/');
    parts.nth(5).unwrap_or_default()
}

fn good(request: &Request) -> Reply {
    match content(file(request)) {
        Some(content) => Reply::file(request, &content).with("x-repo-commit", COMMIT),
        None => Reply::status(404).with("x-repo-commit", COMMIT),
    }
}

/// A server that answers for the weights as `answer` says, and well for all else.
fn with_weights(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |request| match file(request) {
        "model.safetensors" if request.method == "GET" => {
            answer(request, count.fetch_add(1, Ordering::SeqCst))
        }
        _ => good(request),
    })
}

fn not_found(result: Result<impl std::fmt::Debug, Error>) -> String {
    match result {
        Err(error @ Error::NotFound(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Files anywhere below the cache whose name ends so.
fn files(folder: &TempDir, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_model_is_fetched_once_and_then_needs_no_network() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, &server.url);
    let fetched = model("me/tiny", &places, &Silent).unwrap();
    let revision = COMMIT.to_owned();
    assert_eq!(fetched.origin, Origin::Hub { revision });
    assert_eq!(
        fs::read(fetched.path.join("model.safetensors")).unwrap(),
        weights()
    );
    assert!(fetched.path.join("1_Pooling/config.json").is_file());
    let settings = "config_sentence_transformers.json";
    assert!(fetched.path.join(settings).is_file());
    assert!(files(&folder, ".partial").is_empty() && files(&folder, ".partial.json").is_empty());

    let asked = server.requests().len();
    let last = &server.requests()[asked - 1];
    assert!(
        last.path
            .starts_with(&format!("/me/tiny/resolve/{COMMIT}/")),
        "{last:?}"
    );
    places.hub.offline = true;
    let cached = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!(
        (cached.origin, cached.digest),
        (Origin::Cache, fetched.digest)
    );
    assert_eq!(cached.path, fetched.path);
    let message = not_found(model("me/other", &places, &Silent));
    assert!(
        message.contains("not asked, for HF_HUB_OFFLINE is set"),
        "{message}"
    );
    assert!(message.contains("unset HF_HUB_OFFLINE"), "{message}");
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn a_folder_of_models_comes_before_the_network() {
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, "http://127.0.0.1:9");
    let models = folder.path().join("models");
    let own = models.join("me/tiny");
    fs::create_dir_all(&own).unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::write(own.join(file), content(file).unwrap()).unwrap();
    }
    places.models = Some(models);
    let found = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!((found.origin, found.path), (Origin::Folder, own.clone()));
    check_model("me/tiny", &places).unwrap();
    let path = own.to_str().unwrap();
    let by_path = model(path, &places, &Silent).unwrap();
    assert_eq!(
        (by_path.origin, by_path.digest),
        (Origin::Path, found.digest)
    );
    for name in ["me/tiny", path] {
        assert_eq!(model_path(name, &places, &Silent).unwrap(), own);
    }
}

#[test]
fn the_path_alone_is_found_and_refused_like_the_model() {
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, "http://127.0.0.1:9");
    let models = folder.path().join("models");
    let own = models.join("me/tiny");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("config.json"), content("config.json").unwrap()).unwrap();
    places.models = Some(models);
    let error = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(
        error(model_path("me/tiny", &places, &Silent).map(drop)),
        error(model("me/tiny", &places, &Silent).map(drop))
    );
}

#[test]
fn the_path_of_a_model_on_the_hub_is_fetched_once_and_checked() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let places = places(&folder, &server.url);
    let path = model_path("me/tiny", &places, &Silent).unwrap();
    let asked = server.requests().len();
    assert_eq!(model_path("me/tiny", &places, &Silent).unwrap(), path);
    assert_eq!(server.requests().len(), asked);
    fs::write(path.join("config.json"), "{}").unwrap();
    let again = model_path("me/tiny", &places, &Silent).unwrap();
    assert_eq!(again, path);
    assert_eq!(
        fs::read(path.join("config.json")).unwrap(),
        content("config.json").unwrap()
    );
}

/// A server of a repository that has these files too, and no safetensors.
fn with_files(more: &'static [(&str, &str)]) -> Server {
    Server::start(move |request| {
        let name = file(request);
        let found = more.iter().find(|(file, _)| *file == name);
        match (name, found) {
            (_, Some((_, content))) => {
                Reply::file(request, content.as_bytes()).with("x-repo-commit", COMMIT)
            }
            ("model.safetensors", None) => Reply::status(404).with("x-repo-commit", COMMIT),
            _ => good(request),
        }
    })
}

#[test]
fn pickled_weights_are_fetched_only_where_there_are_no_safetensors() {
    const LIST: &str = r#"{"weight_map": {"a": "w-1.bin", "b": "w-2.bin"}}"#;
    let server = with_files(&[
        ("pytorch_model.bin.index.json", LIST),
        ("w-1.bin", "one"),
        ("w-2.bin", "two"),
    ]);
    let folder = TempDir::new().unwrap();
    let found = model("me/shards", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!(files(&folder, ".bin"), ["w-1.bin", "w-2.bin"]);
    let again = model("me/shards", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!((again.origin, again.digest), (Origin::Cache, found.digest));

    let server = with_files(&[
        ("pytorch_model.bin", "whole"),
        ("pytorch_model.bin.index.json", LIST),
    ]);
    let folder = TempDir::new().unwrap();
    let found = model("me/whole", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!(files(&folder, ".bin"), ["pytorch_model.bin"]);
    assert!(found.path.join("pytorch_model.bin").is_file());

    let server = Server::start(|request| match file(request) {
        "pytorch_model.bin" => Reply::file(request, b"never asked for"),
        _ => good(request),
    });
    let folder = TempDir::new().unwrap();
    model("me/both", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!(server.fetched("pytorch_model.bin"), 0);

    let server = with_files(&[]);
    let folder = TempDir::new().unwrap();
    let message = not_found(model("me/none", &places(&folder, &server.url), &Silent));
    assert!(
        message.contains(
            "it has none of model.safetensors, model.safetensors.index.json, pytorch_model.bin, \
             pytorch_model.bin.index.json: convert its weights to safetensors"
        ),
        "{message}"
    );
}

#[test]
fn redirects_are_followed_and_the_token_stays_with_the_hub() {
    let store = Server::start(|request| {
        let name = request.path.rsplit('/').next().unwrap_or_default();
        let name = name.split('?').next().unwrap_or_default();
        Reply::file(request, &content(name).unwrap())
    });
    let elsewhere = store.url.replace("127.0.0.1", "localhost");
    let hub = Server::start(move |request| match file(request) {
        "model.safetensors" => Reply::redirect(format!(
            "{elsewhere}/blob/model.safetensors?signature=secret"
        )),
        "tokenizer.json" if !request.path.starts_with("/moved") => {
            Reply::redirect(format!("/moved{}", request.path))
        }
        _ => good(request),
    });
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, &hub.url);
    places.hub.token = Token::new("hf_secret");
    let found = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!(
        fs::read(found.path.join("model.safetensors")).unwrap(),
        weights()
    );
    let bearer = Some("Bearer hf_secret");
    assert!(
        hub.requests()
            .iter()
            .all(|request| request.header("authorization") == bearer)
    );
    assert_eq!(store.fetched("model.safetensors?signature=secret"), 1);
    assert!(
        store
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn endless_and_strange_redirects_are_errors() {
    let folder = TempDir::new().unwrap();
    let circle = Server::start(|request| Reply::redirect(request.path.clone()));
    let message = not_found(model("me/tiny", &places(&folder, &circle.url), &Silent));
    assert!(
        message.contains("redirects more than 10 times"),
        "{message}"
    );
    let strange = Server::start(|_| Reply::redirect("file:///etc/passwd"));
    let message = not_found(model("me/tiny", &places(&folder, &strange.url), &Silent));
    assert!(
        message.contains("redirects to `file:///etc/passwd`, which is not followed"),
        "{message}"
    );
}

#[test]
fn an_unknown_name_lists_every_place() {
    let server = Server::start(|_| Reply::status(404));
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, &server.url);
    places.models = Some("/nowhere".into());
    let message = not_found(model("FacebookAI/roberta-bose", &places, &Silent));
    let cache = places.cache.display();
    let url = &server.url;
    let expected = format!(
        "no model `FacebookAI/roberta-bose` was found; tried:
  - path FacebookAI/roberta-bose: not there
  - $GOLDPAN_MODELS, /nowhere/FacebookAI/roberta-bose: not there
  - cache, {cache}/models/FacebookAI--roberta-bose: not there
  - hub {url}, FacebookAI/roberta-bose at main: {url}/FacebookAI/roberta-bose/resolve/main/config.json answered 404, not found
to go on:
  - if `FacebookAI/roberta-base` is meant, write that
  - put config.json, tokenizer.json, model.safetensors into $GOLDPAN_MODELS/FacebookAI/roberta-bose, with GOLDPAN_MODELS set
  - give the path of a folder or file instead of a name"
    );
    assert_eq!(message, expected);
    assert_eq!(
        not_found(check_model("FacebookAI/roberta-bose", &places)),
        expected
    );
}

#[test]
fn refusals_say_what_the_token_lacks() {
    let folder = TempDir::new().unwrap();
    let refused = |status, token| {
        let server = Server::start(move |_| Reply::status(status));
        let mut places = places(&folder, &server.url);
        places.hub.token = token;
        not_found(model("me/tiny", &places, &Silent))
    };
    let message = refused(401, None);
    assert!(
        message.contains("answered 401: there is no such repository, or it is private"),
        "{message}"
    );
    assert!(message.contains("set HF_TOKEN to a token"), "{message}");
    let message = refused(401, Token::new("hf_x"));
    assert!(message.contains("the token is not valid"), "{message}");
    let message = refused(403, Token::new("hf_x"));
    assert!(
        message.contains("accept the repository's terms") && !message.contains("hf_x"),
        "{message}"
    );
}

#[test]
fn a_silent_hub_is_given_up_soon_and_asked_once() {
    let server = Server::start(|_| Reply::body("late").cut(0).stall(Duration::from_secs(20)));
    let folder = TempDir::new().unwrap();
    let places = impatient(places(&folder, &server.url));
    let start = Instant::now();
    let message = not_found(model("me/tiny", &places, &Silent));
    assert!(
        message.contains("127.0.0.1 cannot be reached: timeout"),
        "{message}"
    );
    let again = not_found(model("FacebookAI/roberta-base", &places.clone(), &Silent));
    assert!(
        again.contains("cannot be reached") && again.contains("at e2da8e2f811d"),
        "{again}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_closed_port_is_told_at_once() {
    let folder = TempDir::new().unwrap();
    let places = places(&folder, "http://127.0.0.1:9");
    let start = Instant::now();
    let message = not_found(model("me/tiny", &places, &Silent));
    assert!(message.contains("refused"), "{message}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_transfer_cut_off_half_way_goes_on_where_it_broke() {
    let server = with_weights(|request, count| match count {
        0 | 1 => Reply::file(request, &weights()).cut(400_000),
        _ => Reply::file(request, &weights()),
    });
    let folder = TempDir::new().unwrap();
    let found = model("me/tiny", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!(
        fs::read(found.path.join("model.safetensors")).unwrap(),
        weights()
    );
    let starts: Vec<_> = server
        .requests()
        .iter()
        .filter(|request| request.method == "GET" && file(request) == "model.safetensors")
        .map(Request::start)
        .collect();
    assert_eq!(starts, [None, Some(400_000), Some(800_000)]);
}

#[test]
fn a_hub_that_keeps_breaking_off_is_given_up_and_the_rest_comes_later() {
    let server = with_weights(|request, count| match (count, request.start()) {
        (0, _) => Reply::file(request, &weights()).cut(300_000),
        (1..=3, _) => Reply::file(request, &weights()).cut(0),
        (_, Some(300_000)) => Reply::file(request, &weights()),
        _ => Reply::status(500),
    });
    let folder = TempDir::new().unwrap();
    let places = places(&folder, &server.url);
    let message = not_found(model("me/tiny", &places, &Silent));
    assert!(
        message.contains("broke off after 300000 bytes"),
        "{message}"
    );
    assert_eq!(files(&folder, ".partial"), ["model.safetensors.partial"]);
    let found = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!(
        fs::read(found.path.join("model.safetensors")).unwrap(),
        weights()
    );
}

#[test]
fn a_transfer_that_stalls_is_taken_up_again() {
    let server = with_weights(|request, count| match count {
        0 => Reply::file(request, &weights())
            .cut(500_000)
            .stall(Duration::from_secs(20)),
        _ => Reply::file(request, &weights()),
    });
    let folder = TempDir::new().unwrap();
    let start = Instant::now();
    let places = impatient(places(&folder, &server.url));
    model("me/tiny", &places, &Silent).unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(server.fetched("model.safetensors"), 2);
}

#[test]
fn a_server_without_ranges_is_read_from_the_start_again() {
    let server = with_weights(|_, count| match count {
        0 => Reply::body(weights()).cut(100_000),
        _ => Reply::body(weights()),
    });
    let folder = TempDir::new().unwrap();
    let found = model("me/tiny", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!(
        fs::read(found.path.join("model.safetensors")).unwrap(),
        weights()
    );
}

#[test]
fn a_busy_hub_is_asked_again() {
    let server = with_weights(|request, count| match count {
        0 => Reply::status(503),
        1 => Reply::status(429),
        _ => Reply::file(request, &weights()),
    });
    let folder = TempDir::new().unwrap();
    model("me/tiny", &places(&folder, &server.url), &Silent).unwrap();
}

/// Cancels once this many bytes have come.
struct StopAt(AtomicU64);

impl Progress for StopAt {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, units: u64) {
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(left.saturating_sub(units))
            });
    }
    fn note(&self, _: &str) {}
    fn end(&self) {}
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}

#[test]
fn a_stopped_download_goes_on_in_the_next_run() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let places = places(&folder, &server.url);
    let stop = StopAt(AtomicU64::new(500_000));
    assert!(matches!(
        model("me/tiny", &places, &stop),
        Err(Error::Cancelled)
    ));
    assert_eq!(files(&folder, ".partial"), ["model.safetensors.partial"]);
    model("me/tiny", &places, &Silent).unwrap();
    let last = server.requests().pop().unwrap();
    assert!(
        last.start().is_some_and(|start| start >= 400_000),
        "{last:?}"
    );
    assert!(last.header("if-range").is_some());
}

#[test]
fn a_file_that_changed_since_the_break_is_fetched_whole() {
    let old = vec![7; 1_500_000];
    let server = with_weights(move |request, count| match count {
        0..=2 => Reply::file(request, &old).cut(if count == 0 { 600_000 } else { 0 }),
        _ => Reply::file(request, &weights()),
    });
    let folder = TempDir::new().unwrap();
    let places = places(&folder, &server.url);
    not_found(model("me/tiny", &places, &Silent));
    let found = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!(
        fs::read(found.path.join("model.safetensors")).unwrap(),
        weights()
    );
}

#[test]
fn content_other_than_the_hub_names_is_refused() {
    let named = "ab".repeat(32);
    let header = format!("\"{named}\"");
    let server = with_weights(move |request, _| {
        Reply::file(request, &weights()).with("x-linked-etag", header.clone())
    });
    let folder = TempDir::new().unwrap();
    let message = not_found(model("me/tiny", &places(&folder, &server.url), &Silent));
    assert!(
        message.contains(&format!("instead of {named}")),
        "{message}"
    );
    assert!(files(&folder, "model.safetensors").is_empty());
    assert!(files(&folder, ".partial").is_empty());
}

#[test]
fn content_other_than_the_catalogue_pins_is_refused() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let message = not_found(model(
        "FacebookAI/roberta-base",
        &places(&folder, &server.url),
        &Silent,
    ));
    assert!(
        message.contains(
            "instead of ef0185e2aae6e06c5f105a285006952c340e20c7dbf43c86ec82601b13fc45e9"
        ),
        "{message}"
    );
    assert!(files(&folder, "config.json").is_empty());
}

#[test]
fn sharded_weights_are_fetched_whole() {
    let index = br#"{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}"#;
    let server = Server::start(move |request| match file(request) {
        "model.safetensors" => Reply::status(404),
        "model.safetensors.index.json" => Reply::file(request, index),
        "m-1.safetensors" | "m-2.safetensors" => Reply::file(request, b"shard"),
        _ => good(request),
    });
    let folder = TempDir::new().unwrap();
    let found = model("me/tiny@v2", &places(&folder, &server.url), &Silent).unwrap();
    assert_eq!(
        files(&folder, ".safetensors"),
        ["m-1.safetensors", "m-2.safetensors"]
    );
    assert!(
        server.requests()[0]
            .path
            .starts_with("/me/tiny/resolve/v2/")
    );
    assert!(found.path.join("model.safetensors.index.json").is_file());
}

#[test]
fn a_repository_without_safetensors_is_told() {
    let server = Server::start(|request| match file(request) {
        "model.safetensors" => Reply::status(404),
        _ => good(request),
    });
    let folder = TempDir::new().unwrap();
    let message = not_found(model("me/tiny", &places(&folder, &server.url), &Silent));
    assert!(
        message.contains("convert its weights to safetensors"),
        "{message}"
    );
}

#[test]
fn two_at_once_fetch_one_copy() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let fetch = || {
        let own: Places = places(&folder, &server.url);
        model("me/tiny", &own, &Silent).unwrap().digest
    };
    let (one, two) = std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(fetch), scope.spawn(fetch));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_eq!(one, two);
    assert_eq!(server.fetched("model.safetensors"), 1);
}

#[test]
fn a_damaged_cache_is_fetched_anew() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let places = places(&folder, &server.url);
    let first = model("me/tiny", &places, &Silent).unwrap();
    fs::write(first.path.join("model.safetensors"), b"rot").unwrap();
    let second = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!(first.digest, second.digest);
    assert!(matches!(second.origin, Origin::Hub { .. }));
    fs::remove_file(first.path.join("tokenizer.json")).unwrap();
    let third = model("me/tiny", &places, &Silent).unwrap();
    assert_eq!(first.digest, third.digest);
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_of_its_own() {
    let server = Server::start(good);
    let folder = TempDir::new().unwrap();
    let mut places = places(&folder, &server.url);
    places.cache = folder.path().join("file");
    fs::write(&places.cache, b"").unwrap();
    let error = model("me/tiny", &places, &Silent).unwrap_err();
    assert!(matches!(error, Error::Write { .. }));
    assert!(error.to_string().contains("set GOLDPAN_CACHE"), "{error}");
}
