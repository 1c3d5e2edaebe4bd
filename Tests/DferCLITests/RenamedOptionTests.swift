import ArgumentParser
import Testing

@testable import DferCLI

/// Spellings of version 0.1 go on working, and say what they are called now.
@Suite struct RenamedOptionTests {
  private func modern(_ line: String) -> (arguments: String, notes: [String]) {
    let renamed = RenamedOptions(line.split(separator: " ").map(String.init))
    return (renamed.arguments.joined(separator: " "), renamed.notes)
  }

  @Test(arguments: [
    ("watch a.mp4 --turn 90 --rotate 1h", "watch a.mp4 --rotation 90 --split-every 1h"),
    ("serve v4l2:0 --live=block --blur", "serve v4l2:0 --when-slow=block --pixelate"),
    ("batch videos --out rows", "batch videos --output rows"),
    ("export a.csv --blur -o a.mp4", "export a.csv --pixelate -o a.mp4"),
    (
      "evaluate --data a.csv --look slot --against clip",
      "evaluate --data a.csv --input-mode slot --baseline-input-mode clip"
    ),
    (
      "train --data a.csv --rate 1e-3 --check 5 -o m",
      "train clips --data a.csv --learning-rate 1e-3 --eval-interval 5 -o m"
    ),
    ("train --pipeline lanmsff --data a.csv -o m", "train images --pipeline lanmsff --data a.csv -o m"),
    ("train --data a.csv --pipeline=face-finder --every 2 -o m", "train detector --data a.csv --subsample 2 -o m"),
    ("train --pipeline mtcae-dfer --data a.csv -o m", "train clips --data a.csv -o m"),
    ("merge all.csv rows", "merge --output all.csv rows"),
    ("merge --overwrite all.csv a.csv b.csv", "merge --output all.csv --overwrite a.csv b.csv"),
  ])
  func oldSpellingsAreRewritten(old: String, new: String) throws {
    let (arguments, notes) = modern(old)
    #expect(arguments == new)
    #expect(!notes.isEmpty && notes.allSatisfy { $0.contains(" is now ") })
    #expect(throws: Never.self) { try DferCommand.parseAsRoot(arguments.split(separator: " ").map(String.init)) }
  }

  @Test(arguments: [
    "watch a.mp4 -o a.csv --rotation 90", "watch -o a.csv -- --turn", "train clips --data a.csv -o m", "train --help",
    "merge rows -o all.csv", "compare a.eaf b.csv --map happy=happiness", "export a.csv --against b.eaf -o a.html",
  ])
  func newSpellingsStay(line: String) {
    let (arguments, notes) = modern(line)
    #expect(arguments == line && notes.isEmpty)
  }

  @Test func everyNewNameIsAnOptionOfItsCommand() {
    for (command, renamed) in RenamedOptions.options {
      let known = DferCommand.configuration.subcommands.first { $0._commandName == command }
      let commands = known.map { [$0] + $0.configuration.subcommands } ?? []
      let help = commands.map { DferCommand.helpMessage(for: $0, columns: 100) }.joined()
      for (old, new) in renamed {
        #expect(help.contains(new + " ") || help.contains(new + "\n"), "\(command): \(old) is now \(new)")
        #expect(!help.contains(old + " "), "\(command): \(old) is still there")
      }
    }
  }

  @Test func negativeNumbersAreValues() {
    #expect(modern("watch a.mp4 --max-faces -1").arguments == "watch a.mp4 --max-faces=-1")
    #expect(modern("watch a.mp4 -o -").arguments == "watch a.mp4 -o -")
  }
}
