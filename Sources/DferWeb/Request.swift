import Foundation
import NIOHTTP1

/// What the live view answers. Paths are compared with these and with nothing else: none reaches the file system.
enum Route: String, CaseIterable {
  case page = "/"
  case style = "/live.css"
  case script = "/live.js"
  case icon = "/icon.svg"
  case image = "/frame.jpg"
  case events = "/events"
  case rows = "/rows.csv"
  case state = "/state"
  case metrics = "/metrics"
  case health = "/healthz"
  case pause = "/pause"
  case resume = "/resume"

  var method: HTTPMethod { self == .pause || self == .resume ? .POST : .GET }
}

/// A request's head, taken apart.
struct Request {
  let method: HTTPMethod
  let path: String
  let query: [String: String]
  let isKeepAlive: Bool
  private let headers: HTTPHeaders

  init(_ head: HTTPRequestHead) {
    method = head.method
    headers = head.headers
    isKeepAlive = head.isKeepAlive
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    var query: [String: String] = [:]
    for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&").prefix(16) {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      query[String(sides[0])] = sides.count > 1 ? sides[1].removingPercentEncoding ?? "" : ""
    }
    self.query = query
  }

  var route: Route? { Route(rawValue: path) }
  var isHead: Bool { method == .HEAD }
  /// Whether it may change something.
  var isChange: Bool { method != .GET && method != .HEAD }

  func header(_ name: String) -> String? { headers.first(name: name) }

  var cookies: [String: String] {
    var cookies: [String: String] = [:]
    for pair in (header("cookie") ?? "").split(separator: ";") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if sides.count == 2 { cookies[sides[0].trimmingCharacters(in: .whitespaces)] = String(sides[1]) }
    }
    return cookies
  }
}
