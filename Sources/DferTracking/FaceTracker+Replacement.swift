import DferImage

/// Faces that take the place of another one from one frame to the next while the rest of the image goes on: one of several
/// films that are shown side by side has a cut. Otherwise a track would go on with another person.
extension FaceTracker {
  /// A step between two frames that may have put another face in the place of a track's.
  struct Replacement: Sendable {
    let before: FacePatch
    /// Times of the frames on both sides, in seconds.
    let lastBefore, firstAfter: Double
    /// Whether nothing moved in the face's place around the step.
    let isOfStills: Bool
  }

  /// The least difference of a face's patches in two detector runs that are looked at closer. Of faces that were replaced in
  /// composed videos more than 99 of 100 differ more.
  private static let suspicious = 0.13
  /// The least difference of the two frames of the step, and the largest of all other steps together over it. Of 2,751 composed
  /// replacements 99 in 100 are found, of 1,007 pairs of detector runs in real clips none is taken for one.
  private static let (step, others) = (0.2, 0.35)
  /// The fewest different frames from one detector run to the next: in fewer a fast movement is one step too. A film of eight
  /// images a second at a rate of 30 shows each of them several times.
  private static let fewestFrames = 4
  /// The largest difference of a face's patches in two detector runs between which it held still, and the fewest such steps in a
  /// row, more than half a second, after which one still picture takes the place of another: in a film of few images a head that turns
  /// from one to the next was not still for so long.
  private static let (still, fewestStill) = (0.03, 3)
  /// The largest mean difference, in grey values, of two frames that show the same image, and their long side in pixels.
  private static let (sameImage, longSide): (Float, Int) = (0.25, 64)

  /// Ends tracks whose face was replaced, at the frame before, and begins new ones at the frame after. Ask after each detector
  /// run. A replacement is certain when the next detector run does not see the old face again: a flash passes.
  ///
  /// - Parameters:
  ///   - image: that the detector saw, and `scale`, its size over the frame's.
  ///   - times: of the frames from the last detector run to this one, both included, in seconds.
  ///   - small: one of them as a small image with a given long side.
  ///   - crop: of one of them: a square of the frame, with the sides of a patch.
  package mutating func endReplaced(
    _ image: Image, scale: Double, times: [Double], small: (_ frame: Int, _ longSide: Int) -> Image,
    crop: (_ frame: Int, _ square: Rect) -> Image
  ) {
    guard let now = times.last, let previous = times.first else { return }
    /// Frames that show something else than the one before.
    func different(_ images: [Image]) -> Int {
      let planes = images.map { GreyPlane($0) }
      return 1 + zip(planes, planes.dropFirst()).count { $0.meanDifference(to: $1) > Self.sameImage }
    }
    var known: Bool?
    func movesAsWhole() -> Bool {
      let moves = known ?? (different(times.indices.map { small($0, Self.longSide) }) >= Self.fewestFrames)
      known = moves
      return moves
    }
    for index in tracks.indices where tracks[index].last.time == now && !tracks[index].isEnded {
      let patch = FacePatch(image, box: tracks[index].last.detection.box.scaled(by: scale))
      let (last, stillRuns) = (tracks[index].patch, tracks[index].stillRuns)
      let motion = last?.difference(to: patch) ?? 1
      defer { (tracks[index].patch, tracks[index].stillRuns) = (patch, motion <= Self.still ? stillRuns + 1 : 0) }
      if let replacement = tracks[index].replacement.take() {
        // After a flash the old face is back, which is no replacement either.
        if replacement.before.difference(to: patch) > Self.suspicious, !replacement.isOfStills || motion <= Self.still {
          tracks.append(tracks[index].split(replacement))
        }
        continue
      }
      let sightings = tracks[index].sightings.suffix(2)
      // Only frames that have no crop yet can still change hands.
      guard let before = last, motion > Self.suspicious, times.count >= Self.fewestFrames,
        now - previous <= options.smoothing, let first = sightings.first, first.time == previous
      else { continue }
      let area = FacePatch.square(around: first.detection.box.interpolated(to: tracks[index].last.detection.box, 0.5))
      let crops = times.indices.map { crop($0, area) }
      // A film in a window moves little of a page, and a still picture beside one moves not at all.
      let moves = different(crops) >= Self.fewestFrames || movesAsWhole()
      guard moves || stillRuns >= Self.fewestStill else { continue }
      let patches = crops.map { FacePatch(crop: $0) }
      let steps = zip(patches, patches.dropFirst()).map { $0.difference(to: $1) }
      guard let largest = steps.indices.max(by: { steps[$0] < steps[$1] }), steps[largest] > Self.step,
        steps.reduce(0, +) - steps[largest] < Self.others * steps[largest]
      else { continue }
      tracks[index].replacement = Replacement(
        before: before, lastBefore: times[largest], firstAfter: times[largest + 1], isOfStills: !moves)
    }
  }
}

extension Track {
  /// Ends this track at a replacement and gives the track of the face that is there from then on.
  fileprivate mutating func split(_ replacement: FaceTracker.Replacement) -> Track {
    let after = sightings.filter { $0.time >= replacement.firstAfter }
    var next = Track(after[0].detection, at: replacement.firstAfter)
    for sighting in after where sighting.time > replacement.firstAfter {
      next.add(sighting.detection, at: sighting.time)
    }
    end(at: replacement.lastBefore)
    return next
  }
}
