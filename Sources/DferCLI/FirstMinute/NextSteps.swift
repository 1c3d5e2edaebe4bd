import Dfer

/// What `dfer` alone says: the few commands that somebody who has just installed it needs.
enum NextSteps {
  static let text = """
    dfer \(Installation.version): video in, facial-expression timeline out.

      dfer demo                          read a sample video and see the report
      dfer watch talk.mp4                read your video; add -o talk.csv to keep the rows
      dfer watch v4l2:0                  the same with your camera (dfer devices lists them)
      dfer export talk.csv -o talk.html  the same timeline as a report, for ELAN, a player ...
      dfer doctor                        if something does not work, or is slow

    dfer --help lists all commands, and dfer watch --help every option of one.
    """
}
