import ArgumentParser
import Dfer
import DferTensor
import DferTimeline
import DferTraining
import DferVideo
import DferWeb
import Foundation

@main
struct DferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dfer",
    abstract: "Turns video into facial-expression timelines.",
    discussion: """
      dfer watch talk.mp4 -o talk.csv     read a video, watch the timeline grow, keep it as CSV
      dfer watch v4l2:0                   the same from a camera
      dfer devices                        the cameras that are there
      dfer serve v4l2:0                   the same in the browser
      dfer batch videos --out rows        every video of a folder, on all cores, resumable
      dfer merge all.csv rows             one table of many
      dfer verify talk.csv talk.mp4       do these rows belong to this video, and account for it?
      dfer export talk.csv -o talk.eaf    the same timeline for ELAN, BORIS, Praat, subtitles, and more
      dfer summary *.csv                  one row of figures for each video and face
      dfer compare coder.eaf talk.csv     agreement of two timelines, or with an ELAN or BORIS annotation
      dfer inspect talk.mp4               what is in a video file, or in a weight file
      dfer models                         the networks that are installed
      dfer evaluate --data valid.csv      how well they read labelled faces
      dfer train --data mine.csv -o mine  teach them your own faces
      dfer pretrain --data videos -o new  let an encoder learn faces without labels
      dfer synthesize --mesh MESH -o new  render labelled face clips
      dfer demo                           read a sample video and see the report
      dfer doctor                         what this machine lacks, and what makes it slow
      dfer config                         defaults of your own; --config FILE reads others

      It reads what faces show, not what people feel.
      Exit codes: 0 ok, 2 usage, 3 unreadable input, 4 finished with damage, 5 output failed, 130 interrupted.
      """,
    version: Installation.version,
    subcommands: [
      Watch.self, Serve.self, Devices.self, Batch.self, Merge.self, Verify.self, Export.self, Summary.self, Compare.self, Inspect.self,
      Models.self, Evaluate.self, Cost.self, Train.self, BlendCommand.self, Pretrain.self, Synthesize.self,
      ManifestCommand.self, Demo.self, Doctor.self, ConfigCommand.self, Durations.self, Manual.self,
    ])

  /// `dfer` alone.
  func run() { print(NextSteps.text) }

  static func main() {
    do {
      let arguments = try CommandLineDefaults.applied(to: Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let status as ExitStatus {
      Foundation.exit(status.rawValue)
    } catch {
      finish(with: error)
    }
  }

  /// One line for what went wrong, and the exit code that tells a script what kind of thing it was.
  private static func finish(with error: any Error) -> Never {
    switch error {
    case let error as VideoError: fail(error, .unreadableInput)
    case let error as OutputError: fail(error, .outputFailed)
    case let error as VideoWriteError: fail(error, .outputFailed)
    case let error as WebError: fail(error, error.isUsage ? .usage : .outputFailed)
    case let error as PipelineError: fail(error, .unreadableInput)
    case let error as UnreadableTimeline: fail(error, .unreadableInput)
    case let error as CheckpointError: fail(error, .unreadableInput)
    case let error as BatchError: fail(error, .usage)
    case let error as ConfigError: fail(error, .usage)
    case let error as SampleVideo.Missing: fail(error, .unreadableInput)
    case let error as ShardFailure: fail(error, .unreadableInput)
    case let error as VerifyError: fail(error, .unreadableInput)
    case let error as DataError: fail(error, .unreadableInput)
    case let error as TrainingError: fail(error, .unreadableInput)
    default:
      let code = exitCode(for: error)
      guard code != .success else { exit(withError: error) }
      Terminal.write("dfer: \(message(for: error)) (see dfer --help)\n")
      Foundation.exit(ExitStatus.usage.rawValue)
    }
  }

  private static func fail(_ error: any CustomStringConvertible, _ status: ExitStatus) -> Never {
    Terminal.write("dfer: \(error.description)\n")
    Foundation.exit(status.rawValue)
  }
}

/// How a run ended, as the shell sees it.
enum ExitStatus: Int32, Error {
  case ok = 0
  case usage = 2
  case unreadableInput = 3
  case finishedWithDamage = 4
  case outputFailed = 5
  case interrupted = 130
}
