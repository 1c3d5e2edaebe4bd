import ArgumentParser
import Dfer
import Foundation

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check this machine for problems.",
    discussion: """
        dfer doctor
        dfer doctor --no-speed

      Checks pipelines and weights, FFmpeg's codecs, processor and BLAS, cameras and permissions, disk, memory and the \
      configuration file, and measures the speed on the sample video. Nothing is changed or sent. Include the output when \
      you report a problem. Exit code 3: something required is missing.
      """)

  @Flag(help: "Skip the speed test.")
  var noSpeed = false

  func run() throws {
    let program = Installation.currentExecutable?.path ?? CommandLine.arguments[0]
    print("dfer \(Installation.version)  \(program)\n")
    var findings = MachineChecks.all()
    for line in findings.flatMap(\.lines) { print(line) }
    if !noSpeed {
      let speed = Self.speed(among: findings)
      for line in speed.lines { print(line) }
      findings.append(speed)
    }
    print("\n" + Self.verdict(findings))
    if findings.contains(where: { $0.state == .missing }) { throw ExitStatus.unreadableInput }
  }

  private static func speed(among findings: [Finding]) -> Finding {
    do { return try SpeedCheck.run().finding(among: findings) } catch let error as SampleVideo.Missing {
      return .note("speed", "not measured: the sample video is not installed", error.description)
    } catch {
      return .missing(
        "speed", "the sample cannot be read: \(error)", "see above; if nothing is missing there, please report this")
    }
  }

  static func verdict(_ findings: [Finding]) -> String {
    func count(_ state: Finding.State) -> Int { findings.count { $0.state == state } }
    let (missing, slow) = (count(.missing), count(.slow))
    if missing > 0 { return "\(missing == 1 ? "One thing is" : "\(missing) things are") missing." }
    if slow > 0 { return "Everything works; \(slow == 1 ? "one thing makes" : "\(slow) things make") it slow." }
    return "Everything that dfer needs is there."
  }
}
