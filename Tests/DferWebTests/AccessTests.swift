import NIOHTTP1
import Testing

@testable import DferWeb

/// Who is let in, and how often.
struct AccessTests {
  private func request(_ uri: String = "/", method: HTTPMethod = .GET, _ headers: [(String, String)] = []) -> Request {
    Request(HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: HTTPHeaders(headers)))
  }

  @Test(arguments: ["localhost", "localhost:8087", "127.0.0.1:1", "127.1.2.3", "[::1]:8087", "LOCALHOST"])
  func loopbackNames(host: String) { #expect(Access.isLoopback(host: host)) }

  @Test(arguments: ["evil.com", "evil.com:8087", "127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1", "", "127.0.0"])
  func otherNames(host: String) {
    #expect(!Access.isLoopback(host: host))
    #expect(Access(token: nil).judge(request("/", [("Host", host)])) == .wrongHost)
  }

  @Test func tokens() {
    let access = Access(token: "0123456789abcdef")
    #expect(access.judge(request()) == .tokenMissing)
    #expect(access.judge(request("/", [("Host", "localhost")])) == .tokenMissing)
    #expect(access.judge(request("/?token=0123456789abcdeX")) == .tokenMissing)
    #expect(access.judge(request("/?token=0123456789abcdef")) == .exchange)
    #expect(access.judge(request("/", [("Authorization", "Bearer 0123456789abcdef")])) == .allowed)
    #expect(access.judge(request("/", [("Authorization", "Bearer 0123456789abcde")])) == .tokenMissing)
    #expect(access.judge(request("/", [("Cookie", "a=b; dfer-token=0123456789abcdef")])) == .allowed)
  }

  @Test func changesComeFromTheOwnPage() {
    let access = Access(token: nil)
    let host = ("Host", "localhost:8087")
    #expect(access.judge(request("/pause", method: .POST, [host])) == .allowed)
    #expect(access.judge(request("/pause", method: .POST, [host, ("Origin", "http://localhost:8087")])) == .allowed)
    #expect(access.judge(request("/pause", method: .POST, [host, ("Origin", "https://evil.com")])) == .foreignOrigin)
  }

  @Test func equalTexts() {
    #expect(Access.equal("abc", "abc"))
    for other in ["abd", "ab", "abcd", ""] { #expect(!Access.equal(other, "abc")) }
  }

  @Test func bucketsEmptyAndFill() {
    var limiter = RateLimiter(burst: 3, rate: 1)
    let asks = [("a", 0.0), ("a", 0), ("a", 0), ("a", 0), ("b", 0), ("a", 2), ("a", 2), ("a", 2)]
    let answers = asks.map { limiter.allows($0.0, now: $0.1) }
    #expect(answers == [true, true, true, false, true, true, true, false])
    for address in 0..<5000 { _ = limiter.allows("\(address)", now: 2) }
    let isNewAllowed = limiter.allows("new", now: 2)
    #expect(isNewAllowed)
  }

  @Test func pathsAreNamesNotFiles() {
    for path in ["/../etc/passwd", "/rows.csv/../../x", "//etc/passwd", "/live.css%00", "/%2e%2e/x"] {
      #expect(request(path).route == nil, "\(path)")
    }
    #expect(request("/frame.jpg?after=3").route == .image)
    #expect(request("/frame.jpg?after=3&a=%41").query == ["after": "3", "a": "A"])
  }
}

/// The live view behind a proxy that speaks TLS.
struct ProxyTests {
  private func judge(_ headers: [(String, String)]) -> Access.Verdict {
    let access = Access(token: "0123456789abcdef")
    let all = [("Cookie", "dfer-token=0123456789abcdef")] + headers
    return access.judge(
      Request(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/pause", headers: HTTPHeaders(all))))
  }

  @Test func theOwnPageMayPause() {
    #expect(judge([("Host", "view.org"), ("Origin", "https://view.org")]) == .allowed)
    #expect(judge([("Host", "view.org:8443"), ("Origin", "https://View.org:8443")]) == .allowed)
    #expect(
      judge([("Host", "127.0.0.1:8087"), ("X-Forwarded-Host", "view.org"), ("Origin", "https://view.org")]) == .allowed)
    #expect(
      judge([("Host", "127.0.0.1:8087"), ("Sec-Fetch-Site", "same-origin"), ("Origin", "https://view.org")]) == .allowed
    )
  }

  @Test func othersMayNot() {
    for origin in [
      "https://evil.org", "https://view.org.evil.org", "null", "file://view.org", "", "https://view.org@evil.org",
    ] {
      #expect(judge([("Host", "view.org"), ("Origin", origin)]) == .foreignOrigin, "\(origin)")
      #expect(
        judge([("Host", "view.org"), ("Origin", origin), ("Sec-Fetch-Site", "cross-site")]) == .foreignOrigin,
        "\(origin)")
    }
  }
}
