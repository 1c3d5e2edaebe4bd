import ArgumentParser
import Foundation

/// The live view in a browser, as `dfer watch --serve` and `dfer serve` open it.
struct ViewOptions: ParsableArguments {
  @Option(help: "Port of the live view; 0 picks a free one (default: 8087).")
  var port: Int?

  @Option(
    help: ArgumentHelp(
      "Network address to listen on (default: 127.0.0.1); other than this machine requires a token.",
      valueName: "address"))
  var listen: String?

  @Option(
    help:
      "Access token of at least 16 characters; the variable DFER_TOKEN is safer, since arguments are visible to other users."
  )
  var token: String?

  @Flag(help: "Pixelate every face in the live view and in annotated videos.")
  var pixelate = false

  func validate() throws {
    guard port.map({ (0...65535).contains($0) }) ?? true else { throw ValidationError("--port must be 0 to 65535") }
  }

  var effectiveListen: String { listen ?? "127.0.0.1" }

  /// Refuses what only a live view has. Throws `InapplicableOption`.
  func checkNotShown() throws {
    let asked = [(port != nil, "--port"), (listen != nil, "--listen"), (token != nil, "--token")].first(where: \.0)?.1
    if let asked { throw InapplicableOption(asked, "requires --serve") }
  }

  /// The token that was given as an option or as a variable.
  var effectiveToken: String? {
    token ?? ProcessInfo.processInfo.environment["DFER_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
  }
}
