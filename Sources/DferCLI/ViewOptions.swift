import ArgumentParser
import Foundation

/// The live view in a browser, as `dfer watch --serve` and `dfer serve` open it.
struct ViewOptions: ParsableArguments {
  @Option(help: "Port of the live view; 0 picks a free one.")
  var port = 8087

  @Option(
    help: ArgumentHelp("Network address to listen on; other than this machine requires a token.", valueName: "address"))
  var listen = "127.0.0.1"

  @Option(
    help:
      "Access token of at least 16 characters; the variable DFER_TOKEN is safer, since arguments are visible to other users."
  )
  var token: String?

  @Flag(help: "Pixelate every face in the live view.")
  var pixelate = false

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must be 0 to 65535") }
  }

  /// The token that was given as an option or as a variable.
  var effectiveToken: String? {
    token ?? ProcessInfo.processInfo.environment["DFER_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
  }
}
