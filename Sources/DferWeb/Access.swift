import Foundation

/// Who may see the live view.
///
/// On loopback everybody on this machine may, but only under a loopback name: a page from elsewhere that makes a browser
/// ask for another name at this address learns nothing. Everywhere else a token is asked for.
struct Access: Sendable {
  static let cookie = "dfer-token"
  /// Shortest token that is taken.
  static let shortestToken = 16

  enum Verdict: Hashable {
    case allowed
    /// The address bar held the right token: keep it as a cookie and show the page without it.
    case exchange
    case tokenMissing
    case wrongHost
    case foreignOrigin
  }

  let token: String?

  func judge(_ request: Request) -> Verdict {
    if request.isChange && !Self.isOwn(request) { return .foreignOrigin }
    guard let token else { return Self.isLoopback(host: request.header("host")) ? .allowed : .wrongHost }
    if let given = request.query["token"] { return Self.equal(given, token) ? .exchange : .tokenMissing }
    let bearer = request.header("authorization").flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
    let given = bearer ?? request.cookies[Self.cookie]
    return given.map { Self.equal($0, token) } ?? false ? .allowed : .tokenMissing
  }

  /// What changes something must come from our own page, or from a program that sends no origin at all.
  ///
  /// Behind a proxy the page has another scheme than this server, and often another host than the proxy asks for; it then
  /// says which one the browser asked for. No page of somebody else can make a browser send that header, or say that a
  /// request comes from the same origin.
  private static func isOwn(_ request: Request) -> Bool {
    guard let origin = request.header("origin") else { return true }
    if request.header("sec-fetch-site") == "same-origin" { return true }
    guard let start = origin.range(of: "://"), ["http", "https"].contains(origin[..<start.lowerBound]) else {
      return false
    }
    let host = origin[start.upperBound...].lowercased()
    let forwarded = request.header("x-forwarded-host")?.split(separator: ",").first?.trimmingCharacters(
      in: .whitespaces)
    return [request.header("host"), forwarded].compactMap { $0?.lowercased() }.contains(host)
  }

  /// Whether a Host header names this machine's loopback.
  static func isLoopback(host: String?) -> Bool {
    guard var name = host?.lowercased() else { return false }
    if let port = name.lastIndex(of: ":"), name[name.index(after: port)...].allSatisfy(\.isNumber) {
      name = String(name[..<port])
    }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let isAddress = parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    return name == "localhost" || name == "[::1]" || isAddress
  }

  /// Compares in a time that does not tell how many characters were right.
  static func equal(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var difference = a.count == b.count ? 0 : 1
    for index in b.indices { difference |= Int((index < a.count ? a[index] : 0) ^ b[index]) }
    return difference == 0
  }
}

/// How many requests an address may make: a bucket for each that fills up again over time.
struct RateLimiter {
  /// Requests at once, and requests a second after that.
  let burst: Double
  let rate: Double
  private var buckets: [String: (level: Double, at: Double)] = [:]

  init(burst: Double = 200, rate: Double = 60) {
    self.burst = burst
    self.rate = rate
  }

  /// Takes `cost` from the bucket of `address` at `now` seconds; false when there is not enough in it.
  mutating func allows(_ address: String, cost: Double = 1, now: Double) -> Bool {
    if buckets.count >= 1024 && buckets[address] == nil { forgetFull(now) }
    let level = level(of: address, now)
    buckets[address] = (level - min(cost, level), now)
    return level >= cost
  }

  private func level(of address: String, _ now: Double) -> Double {
    buckets[address].map { min(burst, $0.level + (now - $0.at) * rate) } ?? burst
  }

  /// Full buckets say nothing. When none is full, all are forgotten: the table must not grow.
  private mutating func forgetFull(_ now: Double) {
    buckets = buckets.filter { level(of: $0.key, now) < burst }
    if buckets.count >= 1024 { buckets = [:] }
  }
}
