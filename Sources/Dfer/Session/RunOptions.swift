import DferVideo

/// What a user may change about a run. Everything here is written into the run's manifest.
public struct RunOptions: Sendable, Hashable {
  /// Seconds of video in one clip; nil: the pipeline's choice, else what the weights recommend.
  public var span: Double?
  /// Seconds from one clip to the next; nil as above.
  public var hop: Double?
  /// Follow at most this many faces, the largest ones.
  public var maximumFaces: Int?
  /// Ignore faces whose longer side has fewer pixels than this.
  public var minimumFace = 0
  /// Follow only the main face.
  public var mainFaceOnly = false
  /// Lowers the confidence of faces that wear a mask.
  public var isMaskAware = false
  /// Whether rows carry what each frame shows, for a table of frames.
  package var keepsMoments = false
  /// Whether these are all decoded frames, instead of those that the clips are made of.
  package var readsEveryFrame = false
  /// Keeps what the network looked at in the first clips.
  package var showsViews = false
  /// What gives way when reading is slower than the source; nil: nothing for files, the oldest frames for live sources.
  public var whenSlow: WhenSlow?
  /// Whether a cut ends tracks and clips.
  public var findsCuts = true
  /// Whether the run also gives the frames that it looks at, with the faces on them.
  public var givesImages = false
  /// Whether what the network makes of crops is kept for the next clip, which shares half of them: the same rows, sooner.
  package var keepsEmbeddings = true
  /// Threads of the arithmetic, for all runs of the program; nil: one for each core. The decoder has its own.
  public var threads: Int?

  /// What `dfer watch` does without options.
  public init() {}
}
