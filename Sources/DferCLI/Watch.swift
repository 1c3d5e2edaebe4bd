import ArgumentParser

struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Analyse a video, camera or stream.",
    discussion: """
      The source is a video file, a URL (rtsp, http, HLS, udp ...), '-' for standard input, a camera ('v4l2:0'), the \
      screen ('screen:'), or a folder or .txt list of images.

        dfer watch talk.mp4                        timeline and summary
        dfer watch talk.mp4 -o talk.csv            one row per clip and face
        dfer watch talk.mp4 -o talk.csv -o talk.jsonl
        cat talk.mp4 | dfer watch - -o - | head    CSV on standard output
        dfer watch v4l2:0 --serve -o day.csv       camera with live view
        dfer watch rtsp://host/stream -o day.csv --split-every 1h
        dfer watch talk.mp4 --start 1:30 --end 2:00 -o part.csv
        dfer watch crowd.mp4 --max-faces 4 --min-face 60 -o crowd.csv
        dfer watch -o talk.csv -- -odd-name.mp4    '--' ends the options

      A clip without a face has a row, too (status no_face): rows always account for the whole video. The run manifest \
      (talk.run.json) is written next to the first output and records weights, options, counts and times.
      """)

  @OptionGroup
  var options: WatchOptions

  @OptionGroup(title: "Live view")
  var view: ServeOption

  func run() throws { try options.run(isShown: view.serve) }
}

/// What `dfer serve` does anyway.
struct ServeOption: ParsableArguments {
  @Flag(help: "Show video, faces and timeline in a browser.")
  var serve = false
}
