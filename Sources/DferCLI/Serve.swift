import ArgumentParser

/// `dfer watch --serve` that stays open when the source has ended.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Live view in the browser.",
    discussion: """
        dfer serve v4l2:0                          camera, at http://127.0.0.1:8087/
        dfer serve rtsp://host/stream -o day.csv   stream, and keep the rows
        dfer serve talk.mp4 --simulate-live        try it with a file
        DFER_TOKEN=... dfer serve v4l2:0 --listen 0.0.0.0 --pixelate

      The page shows the video with faces and landmarks, a timeline and probabilities for each face, and the load of the \
      machine; it can pause, and download the rows so far. Nothing is stored without -o, and only this machine has \
      access without --listen and a token. docs/live.md describes /events, /metrics and /healthz. Options are those of \
      dfer watch. Ctrl-C ends it.
      """)

  @OptionGroup
  var options: WatchOptions

  func run() throws { try options.run(isShown: true, staysOpen: true) }
}
