import ArgumentParser
import Dfer
import Foundation

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List installed pipelines and their weights.",
    discussion: "Use one with dfer watch --pipeline NAME. dfer inspect WEIGHTS.safetensors prints the whole model card."
  )

  func run() throws {
    let files = Installation.pipelines()
    guard !files.isEmpty else {
      throw PipelineError.notFound(
        name: "*.yaml", looked: Installation.pipelineFolders().map(\.path), available: [])
    }
    for file in files {
      let pipeline = try Pipeline(contentsOf: file)
      print("\(pipeline.name)  \(pipeline.about)")
      print("  file      \(file.path)")
      for weights in pipeline.models.map(pipeline.weights)
        + [pipeline.behaviourWeights, pipeline.detectorWeights].compactMap({ $0 })
      {
        print("  weights   \(try WeightInfo.line(of: weights))")
      }
    }
  }
}
