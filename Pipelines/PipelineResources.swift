import Foundation

/// The files of this folder as SwiftPM puts them beside a program.
package enum PipelineResources {
  /// The folder with the pipelines and their weights; nil in a program that was installed without it, as `dfer` itself is.
  ///
  /// This is not `Bundle.module`, which ends the program when the folder is missing, and carries the path of the build
  /// folder into every program.
  package static let folder: URL? = {
    // On Apple's systems the code may lie in a bundle of its own, such as that of the tests.
    #if canImport(ObjectiveC)
      let (own, ending) = (Bundle(for: Here.self), "bundle")
      let places = [
        Bundle.main.resourceURL, Bundle.main.bundleURL, own.resourceURL, own.bundleURL.deletingLastPathComponent(),
      ]
    #else
      let ending = "resources"
      let places: [URL?] = [Bundle.main.bundleURL]
    #endif
    for place in places.compactMap({ $0?.appendingPathComponent("dfer_DferPipelines.\(ending)") }) {
      let folder = Bundle(url: place)?.resourceURL ?? place
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      if names.contains(where: { $0.hasSuffix(".yaml") }) { return folder }
    }
    return nil
  }()
}

#if canImport(ObjectiveC)
  private final class Here {}
#endif
