import Dfer

/// What `dfer` alone says: the few commands that somebody who has just installed it needs.
enum NextSteps {
  static let text = """
    dfer \(Installation.version): facial-expression timelines from video.

      dfer demo                          analyse a sample video and open the report
      dfer watch talk.mp4                analyse your video; add -o talk.csv to save the rows
      dfer watch v4l2:0                  analyse your camera (dfer devices lists cameras)
      dfer export talk.csv -o talk.html  turn rows into a report, an ELAN file, subtitles ...
      dfer doctor                        check this machine if something is wrong or slow

    dfer --help lists all commands, dfer watch --help the options of one.
    """
}
