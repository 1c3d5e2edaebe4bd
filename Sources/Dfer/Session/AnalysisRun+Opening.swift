import DferVideo

extension AnalysisRun {
  /// Opens a video and gets ready to read it.
  ///
  /// - Parameters:
  ///   - location: what `dfer watch` takes: a file, a folder or list of images, `-`, a camera (`/dev/video0`), an address.
  ///   - models: what reads it; any number of runs may share it.
  ///   - options: how it is read.
  ///   - video: how it is opened.
  /// - Throws: an error of the kind `DferErrorKind.unreadableInput`.
  public convenience init(
    _ location: String, models: LoadedPipeline, options: RunOptions = RunOptions(), video: VideoOptions = VideoOptions()
  ) throws {
    self.init(try openVideo(location, options: video), models: models, options: options)
  }

  package convenience init(_ source: any VideoEvents, models: LoadedPipeline, options: RunOptions = RunOptions()) {
    self.init(source, stages: models.stages(options), options: options)
  }

  /// What the container says of the video.
  public var info: VideoInfo { source.info }

  /// Fraction of the input that has been read, 0...1, by bytes; nil when it cannot be known.
  public var fractionRead: Double? { source.byteProgress }
}
