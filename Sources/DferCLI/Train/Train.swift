import ArgumentParser

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fine-tune a network on your labelled faces.",
    discussion: """
        dfer train clips --data train.csv --valid valid.csv -o mine
        dfer train images --pipeline lanmsff --data train.csv -o mine
        dfer train detector --data scenes.csv --valid valid.csv -o detector
        dfer train clips --data train.csv --valid valid.csv -o mine --resume

      Writes weights.safetensors (the averaged weights with the best validation result, ready for dfer watch and dfer \
      evaluate), last.safetensors (to resume), and log.csv into the output folder. Ctrl-C stops after the current step.
      """,
    subcommands: [TrainClips.self, TrainImages.self, TrainDetector.self, TrainBehaviour.self])
}
