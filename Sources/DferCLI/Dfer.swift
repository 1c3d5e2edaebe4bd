import ArgumentParser
import CProcess
import Dfer
import DferONNX
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
    abstract: "Facial-expression timelines from video.",
    discussion: """
      Reads what faces show, not what people feel. Start with 'dfer demo', or 'dfer watch talk.mp4 -o talk.csv'.
      """,
    version: Installation.version,
    subcommands: [Cost.self, Durations.self, Manual.self],
    groupedSubcommands: [
      CommandGroup(name: "Start", subcommands: [Demo.self, Doctor.self, ConfigCommand.self]),
      CommandGroup(name: "Analyse video", subcommands: [Watch.self, Serve.self, Batch.self, Devices.self]),
      CommandGroup(
        name: "Use timelines",
        subcommands: [Export.self, Summary.self, Compare.self, Group.self, Merge.self, Verify.self]),
      CommandGroup(
        name: "Networks", subcommands: [Models.self, ModelCommand.self, Quantize.self, Inspect.self, Evaluate.self]),
      CommandGroup(
        name: "Training",
        subcommands: [
          Train.self, Pretrain.self, BlendCommand.self, Calibrate.self, ManifestCommand.self, Synthesize.self,
        ]),
    ])

  /// `dfer` alone.
  func run() { print(NextSteps.text) }

  static func main() {
    cprocess_keep_standard_streams()
    cprocess_share_memory()
    Interrupt.surviveFileLimits()
    var renamed = RenamedOptions([])
    do {
      renamed = RenamedOptions(try UndecodableArguments.ofProcess.get().rest)
      for note in renamed.notes { Terminal.write(note + "\n") }
      let arguments = try CommandLineDefaults.applied(to: namingFiles(renamed.arguments))
      if let message = unknownCommand(in: arguments) { throw Failure.usage(message) }
      try run(arguments, typed: renamed.arguments)
      ExitStatus.ok.endProgram()
    } catch let status as ExitStatus {
      status.endProgram()
    } catch {
      guard let failure = Failure(error, of: renamed.arguments) else {
        print(fullMessage(for: error))
        ExitStatus.ok.endProgram()
      }
      // Whoever did not type an option must know where it stands.
      let place =
        failure.status == .usage
        ? CommandLineDefaults.place(ofOptionIn: failure.message, typed: renamed.arguments) : nil
      Terminal.write(failure.message + (place.map { " (set in \(Terminal.plain($0)))" } ?? "") + "\n")
      failure.status.endProgram()
    }
  }

  /// Runs a command. Defaults of the configuration file that do not apply to it are left out.
  private static func run(_ arguments: [String], typed: [String]) throws {
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch let error as InapplicableOption {
      func isIt(_ argument: String) -> Bool { argument == error.option || argument.hasPrefix(error.option + "=") }
      guard !typed.contains(where: isIt), let place = arguments.firstIndex(where: isIt) else { throw error }
      var rest = arguments
      rest.remove(at: place)
      try run(rest, typed: typed)
    }
  }

  /// All commands that help lists, with their names as they are typed, subcommands behind their command.
  static var commands: [(name: String, type: any ParsableCommand.Type)] {
    var found: [(name: String, type: any ParsableCommand.Type)] = []
    for command in configuration.subcommands where command.configuration.shouldDisplay {
      found.append((name: command._commandName, type: command))
      for inner in command.configuration.subcommands where inner.configuration.shouldDisplay {
        found.append((name: "\(command._commandName) \(inner._commandName)", type: inner))
      }
    }
    return found
  }

  /// A file whose name begins with a dash is that file, and not a handful of short options: `./` in front says so.
  static func namingFiles(_ arguments: [String]) -> [String] {
    arguments.map { argument in
      let mayBeName = argument.hasPrefix("-") && !argument.hasPrefix("--") && argument.contains(".")
      return mayBeName && Double(argument) == nil && Folder.kind(of: argument) != nil ? "./" + argument : argument
    }
  }

  /// What to say when the first word is no command; nil when it is one, or an option.
  static func unknownCommand(in arguments: [String]) -> String? {
    var commands = configuration.subcommands
    for word in arguments {
      guard !commands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
      if let next = commands.first(where: { $0._commandName == word }) {
        commands = next.configuration.subcommands
        continue
      }
      let names = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
      let hint =
        nearestName(to: word, among: names).map { "did you mean '\($0)'?" }
        ?? "the commands are \(names.joined(separator: ", "))"
      return "no command '\(word)'; \(hint)"
    }
    return nil
  }
}

/// One line for what went wrong, and the exit code that tells a script what kind of thing it was.
struct Failure {
  let message: String
  let status: ExitStatus

  /// A mistake on the command line.
  static func usage(_ message: String) -> any Error { ValidationError(message) }

  /// nil for what is no failure: help, the version, completions.
  init?(_ error: any Error, of arguments: [String]) {
    func says(_ error: any CustomStringConvertible) -> String { "dfer: " + Terminal.plain(error.description) }
    switch error {
    case let error as VideoError: (message, status) = (says(error), .unreadableInput)
    case let error as OutputError: (message, status) = (says(error), .outputFailed)
    case let error as VideoWriteError: (message, status) = (says(error), .outputFailed)
    case let error as WebError: (message, status) = (says(error), error.isUsage ? .usage : .outputFailed)
    case let error as PipelineError: (message, status) = (says(error), error.isUsage ? .usage : .unreadableInput)
    case let error as UnreadableTimeline: (message, status) = (says(error), .unreadableInput)
    case let error as AnnotationError: (message, status) = (says(error), .unreadableInput)
    case let error as ONNXError: (message, status) = (says(error), error.isUsage ? .usage : .unreadableInput)
    case let error as CheckpointError:
      (message, status) = (says(error), error.isOutput ? .outputFailed : .unreadableInput)
    case let error as BatchError: (message, status) = (says(error), error.isUsage ? .usage : .unreadableInput)
    case let error as ConfigError: (message, status) = (says(error), .usage)
    case let error as InapplicableOption:
      (message, status) = ("\(says(error)) (see \(Self.command(of: arguments)) --help)", .usage)
    case let error as SampleVideo.Missing: (message, status) = (says(error), .unreadableInput)
    case let error as ShardFailure: (message, status) = (says(error), .unreadableInput)
    case let error as VerifyError: (message, status) = (says(error), .unreadableInput)
    case let error as DataError: (message, status) = (says(error), .unreadableInput)
    case let error as TrainingError: (message, status) = (says(error), .unreadableInput)
    default:
      guard DferCommand.exitCode(for: error) != .success else { return nil }
      let text = DferCommand.message(for: error)
      (message, status) = ("dfer: \(text) (see \(Self.command(of: arguments)) --help)", .usage)
    }
  }

  /// The words of the command line that name a command: its help has the options that the message is about.
  private static func command(of arguments: [String]) -> String {
    var (commands, words) = (DferCommand.configuration.subcommands, ["dfer"])
    for word in arguments {
      guard let next = commands.first(where: { $0._commandName == word }) else { break }
      commands = next.configuration.subcommands
      words.append(word)
    }
    return words.joined(separator: " ")
  }
}

extension ONNXError {
  /// Whether something has to be installed or chosen, rather than a file being wrong.
  fileprivate var isUsage: Bool {
    if case .noRuntime = self { return true }
    return false
  }
}

extension BatchError {
  /// Whether the command line is wrong, rather than a table.
  fileprivate var isUsage: Bool {
    if case .badRow = self { return false }
    return true
  }
}

extension PipelineError {
  /// Whether the command line names what is not there, rather than a file being wrong.
  fileprivate var isUsage: Bool {
    switch self {
    case .notFound, .notGiven: true
    default: false
    }
  }
}
