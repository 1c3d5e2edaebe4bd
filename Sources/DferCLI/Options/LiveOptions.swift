import ArgumentParser
import DferVideo

/// How live sources, and files that are played like them, are read.
struct LiveOptions: ParsableArguments {
  enum OnDisconnect: String, ExpressibleByArgument, CaseIterable {
    case retry, stop
  }

  @Option(
    help: ArgumentHelp(
      """
      If analysis is slower than the source, drop the oldest waiting frames (drop-oldest, default for live sources) or \
      make the source wait (block, default for files).
      """, valueName: "policy"))
  var whenSlow: WhenSlow?

  @Flag(help: "Play a file in real time, as if it were live.")
  var simulateLive = false

  @Option(help: ArgumentHelp("With --simulate-live: playback speed.", valueName: "factor"))
  var liveSpeed = 1.0

  @Flag(help: "Keep reading a file that is still being written, until it stops growing for the read timeout.")
  var follow = false

  @Option(
    help: ArgumentHelp("When a camera or stream is lost: retry (waits 1 to 30 seconds) or stop.", valueName: "action"))
  var onDisconnect = OnDisconnect.retry

  @Option(
    help: ArgumentHelp(
      """
      Seconds of silence after which a source counts as lost (default: 5 for cameras, 10 for networks, 60 for files), or that standard \
      input may take to start (default: 60).
      """, valueName: "seconds"))
  var readTimeout: Double?

  func validate() throws {
    guard readTimeout.map({ (0.5...3600).contains($0) }) ?? true else {
      throw ValidationError("--read-timeout must be 0.5 to 3600 seconds")
    }
    guard (0.01...1000).contains(liveSpeed) else { throw ValidationError("--live-speed must be 0.01 to 1000") }
    guard liveSpeed == 1 || simulateLive else { throw ValidationError("--live-speed requires --simulate-live") }
  }
}

extension WhenSlow: ExpressibleByArgument {}
