import ArgumentParser
import Dfer

/// `dfer watch --serve` that stays open when the source has ended.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watch a source in the browser.",
    discussion: """
        dfer serve v4l2:0                          a camera, at http://127.0.0.1:8087/
        dfer serve rtsp://host/stream -o day.csv   a stream, and keep the rows
        dfer serve talk.mp4 --simulate-live        rehearse with a file
        DFER_TOKEN=... dfer serve v4l2:0 --listen 0.0.0.0 --blur

      The page shows the picture with faces and landmarks, a timeline and probabilities for each face, and how well the
      machine keeps up; it can pause, and hand out the rows so far. Nothing is stored unless -o asks for it, and only
      this machine can look unless --listen and a token allow others. docs/live.md lists /events, /metrics and /healthz.
      It has the options of dfer watch. Ctrl-C ends it.
      """)

  @OptionGroup var watch: Watch

  func run() throws {
    var watch = watch
    watch.view.serve = true
    watch.staysOpen = true
    try watch.run()
  }
}
