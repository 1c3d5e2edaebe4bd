import DferVideo

/// What a user may change about a run. Everything here is written into the run's manifest.
package struct RunOptions: Sendable, Hashable {
  /// Seconds of video in one clip; nil: the pipeline's choice, else what the weights recommend.
  package var span: Double?
  /// Seconds from one clip to the next; nil as above.
  package var hop: Double?
  /// Follow at most this many faces, the largest ones.
  package var maximumFaces: Int?
  /// Ignore faces whose longer side has fewer pixels than this.
  package var minimumFace = 0
  /// Follow only the main face.
  package var mainFaceOnly = false
  /// Lowers the confidence of faces that wear a mask.
  package var isMaskAware = false
  /// Keeps what the network looked at in the first clips.
  package var showsViews = false
  /// What gives way when reading is slower than the source: nothing for files, the oldest frames for live sources.
  package var whenSlow = FramePrefetch.Policy.block
  /// Whether a cut ends tracks and clips.
  package var findsCuts = true
  /// Whether the run also gives the frames that it looks at, with the faces on them.
  package var givesImages = false
  /// Threads of the arithmetic; the decoder has its own.
  package var threads: Int?

  package init() {}
}
