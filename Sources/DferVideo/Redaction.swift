import Foundation

/// Hides the user and password of a URL, and what looks like a secret in its query, so that no message, row or manifest
/// ever shows them.
public func redacted(_ location: String) -> String {
  guard let scheme = location.range(of: "://") else { return location }
  var rest = location[scheme.upperBound...]
  let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
  var result = String(location[..<scheme.upperBound])
  // A slash or question mark in a password does not belong there, but people paste it: when in doubt, hide too much.
  if let at = authority.lastIndex(of: "@") ?? (authority.contains(":") ? rest.lastIndex(of: "@") : nil) {
    result += "***@"
    rest = rest[rest.index(after: at)...]
  }
  guard let mark = rest.firstIndex(of: "?") else { return result + rest }
  let query = rest[rest.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false).map { pair in
    let name = pair.prefix { $0 != "=" }
    return secretNames.contains { name.lowercased().contains($0) } ? name + "=***" : pair
  }
  return result + rest[...mark] + query.joined(separator: "&")
}

/// Parts of names in a query whose values are kept back.
private let secretNames = [
  "pass", "pwd", "token", "secret", "key", "auth", "sig", "user", "login", "credential", "session", "jwt", "code",
]
