//! A small HTTP server on a port of its own, whose answers a test decides.

#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use goldpan_sources::{Network, Places};

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The first byte of the range asked for.
    pub fn start(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

/// What is answered.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are sent before the connection closes or stalls.
    sent: usize,
    stall: Option<Duration>,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            sent: usize::MAX,
            stall: None,
        }
    }

    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..Self::status(200)
        }
    }

    pub fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).with("location", to)
    }

    /// The file, or the rest of it where the request asks for a range.
    pub fn file(request: &Request, content: &[u8]) -> Self {
        let etag = format!("\"{}\"", content.len());
        let matches = request.header("if-range").is_none_or(|tag| tag == etag);
        match request.start().filter(|_| matches) {
            Some(start) if start < content.len() => Self {
                body: content[start..].to_vec(),
                ..Self::status(206)
            }
            .with(
                "content-range",
                format!("bytes {start}-{}/{}", content.len() - 1, content.len()),
            ),
            Some(_) => {
                Self::status(416).with("content-range", format!("bytes */{}", content.len()))
            }
            None => Self::body(content),
        }
        .with("etag", etag)
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Closes the connection after this many bytes of the body.
    pub fn cut(mut self, sent: usize) -> Self {
        self.sent = sent;
        self
    }

    /// Sends nothing more for this long after what is sent; with `cut(0)`, no head either.
    pub fn stall(mut self, time: Duration) -> Self {
        self.stall = Some(time);
        self
    }
}

/// A server that runs until the test's process ends.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || {
                    let Some(request) = read(&stream) else {
                        return;
                    };
                    seen.lock().unwrap().push(request.clone());
                    // The client may be gone already.
                    let _ = write(&stream, &request, answer(&request));
                });
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How often a path was fetched.
    pub fn fetched(&self, path: &str) -> usize {
        let requests = self.requests();
        let fetched = requests
            .iter()
            .filter(|request| request.method == "GET" && request.path.ends_with(path));
        fetched.count()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    Some(Request {
        method,
        path,
        headers,
    })
}

fn write(mut stream: &TcpStream, request: &Request, reply: Reply) -> std::io::Result<()> {
    if let (0, Some(stall)) = (reply.sent, reply.stall) {
        std::thread::sleep(stall);
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} Status\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", reply.body.len());
    stream.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    let sent = reply.sent.min(reply.body.len());
    stream.write_all(&reply.body[..sent])?;
    stream.flush()?;
    if let Some(stall) = reply.stall {
        std::thread::sleep(stall);
    }
    Ok(())
}

/// Places that ask only this server, without the environment's proxy, and a cache in `folder`.
pub fn places(folder: &tempfile::TempDir, server: &str) -> Places {
    let mut places = Places::with_cache(folder.path().join("cache")).unwrap();
    places.hub.endpoint = format!("{server}/").parse().unwrap();
    places.index.url = format!("{server}/simple/").parse().unwrap();
    places.network = Network {
        pause: Duration::from_millis(5),
        environment_proxy: false,
        ..Network::default()
    };
    places
}

/// Limits the time that the server may keep silent.
pub fn impatient(mut places: Places) -> Places {
    places.network.contact = Duration::from_millis(500);
    places.network.stall = Duration::from_millis(500);
    places
}
