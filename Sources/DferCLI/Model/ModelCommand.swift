import ArgumentParser

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Convert, export and install networks.",
    discussion: """
        dfer model convert checkpoint.pth --card card.yaml -o mine.safetensors
        dfer model export --onnx mtcae-dfer.onnx
        dfer model add enet_b0_8_best_vgaf.onnx --preset emotieff-b0
        dfer watch talk.mp4 --pipeline emotieff-b0

      Installed networks are in $DFER_HOME/models. docs/models.md explains cards, presets and ONNX Runtime.
      """,
    subcommands: [
      ModelList.self, ModelShow.self, ModelAdd.self, ModelRemove.self, ModelVerify.self, ModelPresets.self,
      ModelConvert.self, ModelExport.self,
    ])
}
