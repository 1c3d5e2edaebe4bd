import Dfer

let video = CommandLine.arguments.dropFirst().first ?? "talk.mp4"
let models = try LoadedPipeline(.bundled())
let run = try AnalysisRun(video, models: models)
var recorder = RunRecorder(run, models: models)
var table = try OutputFormat.csv.writer(to: "rows.csv", overwrite: true, layout: models.layout, video: video)
while let event = try run.next() {
  recorder.note(event)
  guard case .row(let row) = event else { continue }
  try table.write(row)
  if let best = row.best(models.layout.labels) {
    print("\(row.startSeconds) s, face \(row.faceID ?? 0): \(best.label) \(best.confidence)")
  }
}
try table.finish()
try recorder.manifest(.complete, outputs: ["rows.csv"], rowsFile: "rows.csv").write(to: "rows.run.json")
