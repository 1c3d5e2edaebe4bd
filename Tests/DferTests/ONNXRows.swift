import DferImage
import DferModels
import DferONNX
import DferTensor
import DferTestSupport
import DferTimeline
import DferTracking
import DferVideo
import Foundation
import Synchronization
import Testing

@testable import Dfer

/// Rows of networks in ONNX files, and what Python makes of the same crops.
struct ONNXRows {
  let scratch: ScratchFolder
  let compute = ComputeChoice(library: RuntimeLibrary.path)

  init() throws { scratch = try ScratchFolder() }

  /// A pipeline's reader that keeps what it is shown.
  private final class Recorder: ClipClassifying {
    let reader: FaceReader
    let shown = Mutex<[[Image]]>([])
    init(_ reader: FaceReader) { self.reader = reader }

    func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading] {
      shown.withLock { $0 += clips }
      return try reader.read(clips, points: points)
    }

    func views(of crop: Image, points: [Point]) -> [Image] { [crop] }
  }

  /// Reads the sample, or as much of it as gives `count` rows with faces, and keeps the crops that the network saw for them.
  func read(_ pipeline: Pipeline, count: Int = .max) throws -> (rows: [ClipResult], crops: [[Image]]) {
    let models = try LoadedPipeline(pipeline, keptTubes: 1, compute: compute)
    let recorder = Recorder(models.reader)
    let source = try VideoSource(Shared.root.appendingPathComponent("Samples/one-face.mp4").path)
    var stages = models.stages(RunOptions())
    stages.classifier = recorder
    let run = AnalysisRun(source, stages: stages)
    var rows: [ClipResult] = []
    while rows.count < count, let event = try run.next() {
      if case .row(let row) = event, row.faceID != nil { rows.append(row) }
    }
    return (rows, Array(recorder.shown.withLock { $0 }.prefix(rows.count)))
  }

  /// What Python makes of the same crops with the same network: probabilities of each clip.
  func python(_ crops: [[Image]], size: Int, _ program: String) throws -> Tensor {
    let file = scratch.file("crops.raw")
    try Data(crops.joined().flatMap(\.pixels)).write(to: file)
    _ = try Python.read(
      file,
      """
      import sys, numpy as np, torch
      from safetensors.torch import save_file
      sys.path.insert(0, "\(Shared.root.path)/docs/examples")
      crops = np.fromfile(sys.argv[1], dtype=np.uint8).reshape(\(crops.count), -1, \(size), \(size), 3)
      clips = torch.from_numpy(crops).float().permute(0, 1, 4, 2, 3) / 255
      \(program)
      save_file({"p": p.contiguous()}, "\(scratch.file("p.safetensors").path)")
      """)
    return try SafetensorsFile(path: scratch.file("p.safetensors").path).tensor("p")
  }

  func expectEqual(_ rows: [ClipResult], _ expected: Tensor) {
    let found = rows.flatMap(\.probabilities)
    let worst = zip(found, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(!rows.isEmpty && found.count == expected.count && worst < 1e-4, "\(rows.count) rows, off by \(worst)")
  }
}
