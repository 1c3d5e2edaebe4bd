import DferImage
import DferTracking
import DferVideo
import Testing

@testable import Dfer

/// What a continuous segment makes of painted frames.
@Suite struct ContinuousSegmentTests {
  private func clips(
    _ frames: [PaintedFrame], settings: SegmentSettings = .painted, pace: SegmentPace = SegmentPace(detectorEvery: 0.2)
  ) -> (clips: [PendingClip], segment: ContinuousSegment) {
    var segment = ContinuousSegment(first: frames[0], settings: settings, pace: pace)
    var clips = frames.dropFirst().flatMap { segment.push($0) }
    clips += segment.finish()
    return (clips, segment)
  }

  private func times(_ clips: [PendingClip]) -> [[Double]] {
    clips.map { [($0.start * 1e6).rounded() / 1e6, ($0.end * 1e6).rounded() / 1e6] }
  }

  @Test func sixteenMomentsTakeTheNearestFrames() throws {
    let (clips, segment) = clips(paintedFrames(80))
    #expect(times(clips) == [[0, 1.6], [0.8, 2.4], [1.6, 3.2]])
    #expect(clips.map(\.frames) == [0..<40, 20..<60, 40..<80])
    // Moments 0.05, 0.15, ... read the frames at 0.04, 0.16, 0.24, 0.36, ...: tones count from 1.
    let face = try #require(clips[0].faces.first)
    let tones = face.spread(over: 16).map { ToneReader.tone($0.crop) }
    #expect(tones == (0..<16).map { moment in 1 + Int(((Double(moment) + 0.5) * 2.5 - 1e-6).rounded()) })
    #expect(segment.counts.used + segment.counts.skipped == 80 && segment.counts.used == 32)
    #expect(segment.counts.detectorRuns == 17)
  }

  @Test(arguments: [80, 50, 6, 603])
  func everyFrameIsCutWithoutChangingTheClips(count: Int) throws {
    let frames = paintedFrames(count)
    var settings = SegmentSettings.painted
    let plain = clips(frames, settings: settings).clips
    settings.cutsEveryFrame = true
    let (every, segment) = clips(frames, settings: settings)
    #expect(times(every) == times(plain) && every.map(\.frames) == plain.map(\.frames))
    for (a, b) in zip(plain, every) {
      #expect(a.faces.map { $0.samples.map(\.frame) } == b.faces.map { $0.samples.map(\.frame) })
      #expect(a.faces.map { $0.samples.map(\.crop) } == b.faces.map { $0.samples.map(\.crop) })
      #expect(a.faces.allSatisfy { $0.frames.isEmpty })
    }
    // Each decoded frame belongs to the first clip that covers it; the face is found in the second one first.
    let found = every.flatMap { $0.faces.flatMap(\.frames) }.map(\.frame)
    #expect(found == Array(1..<count))
    #expect(every.allSatisfy { clip in clip.faces.flatMap(\.frames).allSatisfy { clip.frames.contains($0.frame) } })
    #expect(segment.counts.used == count && segment.counts.skipped == 0 && every.count == plain.count)
    #expect(segment.counts.faceFramesLeftOut == 0)
  }

  @Test func framesThatNoClipShowsAreCounted() throws {
    // Clips of 1.6 s that begin 3.2 s apart, of 120 frames: those of 1.6 to 3.2 s are in none.
    let frames = paintedFrames(120)
    var settings = SegmentSettings.painted
    settings.cutsEveryFrame = true
    let pace = SegmentPace(detectorEvery: 0.2, hopFactor: 4)
    let (sparse, segment) = clips(frames, settings: settings, pace: pace)
    let found = sparse.flatMap { $0.faces.flatMap(\.frames) }.map(\.frame)
    #expect(times(sparse).prefix(2) == [[0, 1.6], [3.2, 4.8]])
    #expect(found == Array(1..<40) + Array(80..<120) && segment.counts.faceFramesLeftOut == 40)
    // Without a table of all frames nothing is missed.
    settings.cutsEveryFrame = false
    #expect(clips(frames, settings: settings, pace: pace).segment.counts.faceFramesLeftOut == 0)
  }

  @Test func theCropIsTheLabelledBoxTimesTheSideFactor() throws {
    let face = try #require(clips(paintedFrames(40)).clips.first?.faces.first)
    let square = face.samples[7].square
    let side = 40 * 0.85 * 1.3
    #expect(abs(square.width - side) < 1e-9 && abs(square.height - side) < 1e-9)
    #expect(abs(square.centre.x - 80) < 1e-9 && abs(square.centre.y - 60) < 1e-9)
    // The face fills 1 / (0.85 * 1.3) of the crop: at its middle is the face, in its corner the wall.
    #expect(face.samples[7].crop.pixels[0] == 20 && face.samples[7].crop.width == 24)
  }

  @Test func whatNoWholeClipCoversIsOneShorterClip() {
    let (clips, _) = clips(paintedFrames(50))
    #expect(times(clips) == [[0, 1.6], [0.8, 2]])
    #expect(clips.map(\.isWhole) == [true, false])
    #expect(clips[1].samples == 8..<20 && clips[1].frames == 20..<50)
  }

  @Test(arguments: [(6, 25.0), (603, 60), (101, 25), (39, 25), (40, 25), (37, 24)])
  func theLastClipEndsWhereTheVideoEnds(count: Int, rate: Double) throws {
    let clips = clips(paintedFrames(count, rate: rate)).clips
    let end = try #require(clips.map(\.end).max())
    // Painted times are whole microseconds.
    let length = Double(count) / rate
    #expect(abs(end - length) < 2e-6, "ends at \(end), not at \(length)")
    #expect(clips.map(\.frames.upperBound).max() == count)
    #expect(zip(clips, clips.dropFirst()).allSatisfy { $1.start <= $0.end + 1e-9 })
  }

  @Test func oneFrameIsAClip() {
    let (clips, segment) = clips(paintedFrames(1))
    #expect(times(clips) == [[0, 0.04]] && !clips[0].isWhole)
    #expect(clips[0].faces.map(\.id) == [0] && segment.counts.used == 1)
  }

  @Test func aFaceOfAPartOfTheClipIsSpreadEvenly() throws {
    // The face leaves after 0.6 s: detector runs at 0, 0.2, 0.4 see it, so samples up to 0.4 s show it.
    let frames = paintedFrames(15) + paintedFrames(25, from: 0.6, firstIndex: 15, face: nil)
    let face = try #require(clips(frames).clips.first?.faces.first)
    #expect(face.samples.map(\.index) == Array(0..<face.samples.count) && face.samples.count < 8)
    let order = face.spread(over: 16).map(\.index)
    #expect(order.count == 16 && order == order.sorted() && Set(order) == Set(face.samples.map(\.index)))
  }

  @Test func withoutAFaceAClipHasNone() {
    #expect(clips(paintedFrames(40, face: nil)).clips.map(\.faces.count) == [0])
  }

  @Test func longerHopsSkipClipsButNoTime() {
    let (clips, _) = clips(
      paintedFrames(120), pace: SegmentPace(detectorEvery: 0.4, hopFactor: 2))
    #expect(times(clips) == [[0, 1.6], [1.6, 3.2], [3.2, 4.8]])
    #expect(clips.allSatisfy { $0.faces.map(\.id) == [0] })
  }

  @Test func rareDetectorRunsAreCounted() {
    let often = clips(paintedFrames(50)).segment.counts.detectorRuns
    let rarely = clips(paintedFrames(50), pace: SegmentPace(detectorEvery: 0.4)).segment.counts.detectorRuns
    #expect(often == 11 && rarely == 6)
  }

  @Test(arguments: [0.25, 0.5, 1, 1.5, 1.9, 2, 3, 5])
  func aFaceOnTheScreenIsReadWhateverTheFrameRate(rate: Double) throws {
    let clips = clips(paintedFrames(max(2, Int(8 * rate)), rate: rate)).clips
    #expect(clips.count > 3)
    for clip in clips {
      let face = try #require(clip.faces.first, "clip from \(clip.start) s")
      #expect(clip.faces.count == 1 && face.id == 0 && face.samples.count == clip.samples.count)
      #expect(!clip.frames.isEmpty)
    }
  }

  @Test func aPauseShowsTheSameFace() throws {
    // 3 s at 25 frames a second, 3 s in which nothing changes, 2 s more.
    var frames = paintedFrames(74)
    frames.append(
      PaintedFrame(74, at: 2.96, for: 3.04, [PaintedFrame.Face(box: Rect(x: 60, y: 40, width: 40, height: 40))]))
    frames += paintedFrames(50, from: 6, firstIndex: 75)
    let clips = clips(frames).clips
    #expect(clips.allSatisfy { $0.faces.map(\.id) == [0] && $0.faces[0].samples.count == $0.samples.count })
    // While it lasts, the frame before it is read, not the one that comes after it.
    let during = try #require(clips.first { $0.start > 3.1 && $0.end < 5.9 }?.faces.first)
    #expect(during.samples.allSatisfy { ToneReader.tone($0.crop) == 100 })
  }

  @Test func anAbsenceIsNoPause() {
    // One frame a second; the face is away for three of them.
    let frames = (0..<9).map { index in
      PaintedFrame(
        index, at: Double(index), for: 1,
        (3..<6).contains(index) ? [] : [PaintedFrame.Face(box: Rect(x: 60, y: 40, width: 40, height: 40))])
    }
    let clips = clips(frames).clips
    #expect(Set(clips.flatMap { $0.faces.map(\.id) }) == [0, 1])
    #expect(clips.contains { $0.faces.isEmpty })
  }

  @Test(arguments: [PaintedFrame.Face.Band.below, .above])
  func aHeadUpsideDownIsReadUpright(band: PaintedFrame.Face.Band) throws {
    let frames = (0..<40).map {
      PaintedFrame(
        $0, at: Double($0) / 25, [PaintedFrame.Face(box: Rect(x: 60, y: 40, width: 40, height: 40), band: band)])
    }
    let face = try #require(clips(frames).clips.first?.faces.first)
    #expect(face.samples.allSatisfy { $0.turn == (band == .above ? .upsideDown : .upright) })
    // In the crop, the band is always below.
    let crop = face.samples[8].crop
    #expect(crop.pixels[3 * (20 * 24 + 12) + 2] < 200 && crop.pixels[3 * (4 * 24 + 12) + 2] > 200)
  }

  @Test(arguments: [
    (PaintedFrame.Face.Band.left, QuarterTurn.clockwise), (.right, .counterclockwise), (.below, .upright),
  ])
  func aHeadOnItsSideIsReadUpright(band: PaintedFrame.Face.Band, turn: QuarterTurn) throws {
    let place = Rect(x: 60, y: 40, width: 40, height: 40)
    let frames = (0..<120).map {
      // It stands upright again after two and a half seconds.
      PaintedFrame($0, at: Double($0) / 25, [PaintedFrame.Face(box: place, band: $0 < 62 ? band : .below)])
    }
    let clips = clips(frames, settings: .painted(UprightDetector())).clips
    let face = try #require(clips.first?.faces.first)
    #expect(face.samples.count == clips[0].samples.count && face.samples.allSatisfy { $0.turn == turn })
    #expect(face.samples.allSatisfy { abs($0.box.centre.x - 80) < 1 && abs($0.box.centre.y - 60) < 1 })
    let crop = face.samples[8].crop
    #expect(crop.pixels[3 * (20 * 24 + 12) + 2] < 200 && crop.pixels[3 * (4 * 24 + 12) + 2] > 200)
    #expect(clips.last?.faces.map(\.id) == [0] && clips.last?.faces[0].samples.last?.turn == .upright)
  }

  @Test func imagesAreGivenOnceTheirBoxesAreFinal() {
    var settings = SegmentSettings.painted
    settings.givesImages = true
    var segment = ContinuousSegment(
      first: paintedFrames(1)[0], settings: settings, pace: SegmentPace(detectorEvery: 0.2))
    var images: [RunImage] = []
    for frame in paintedFrames(50).dropFirst() {
      _ = segment.push(frame)
      images += segment.takeImages()
      #expect(images.allSatisfy { $0.frame.index < frame.index })
    }
    _ = segment.finish()
    images += segment.takeImages()
    #expect(images.count == 20 && images.allSatisfy { $0.faces.map(\.id) == [0] && $0.everything.count == 1 })
  }
}
