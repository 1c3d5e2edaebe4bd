import ArgumentParser
import Foundation

/// The live view in a browser, as `dfer watch --serve` and `dfer serve` open it.
struct ViewOptions: ParsableArguments {
  @Flag(help: "Show picture, faces and timeline in a browser while reading.")
  var serve = false

  @Option(help: "Port of the live view; 0 is any free one.")
  var port = 8087

  @Option(help: "Open the live view at this address of the machine, not only to this machine. Needs a token.")
  var listen = "127.0.0.1"

  @Option(help: "What a browser must know, 16 characters or more (better as the variable DFER_TOKEN: arguments are public).")
  var token: String?

  @Flag(help: "Hide every face in the pictures of the live view.")
  var blur = false

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must be 0 to 65535") }
  }

  /// The token that was given as an option or as a variable.
  var effectiveToken: String? {
    token ?? ProcessInfo.processInfo.environment["DFER_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
  }
}
