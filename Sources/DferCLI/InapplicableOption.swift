/// An option that would do nothing where it is given. As a default of the configuration file it is left out there; whoever types it
/// means something else than what would happen.
struct InapplicableOption: Error, CustomStringConvertible, Hashable {
  /// Its name with the dashes.
  let option: String
  let reason: String

  init(_ option: String, _ reason: String) { (self.option, self.reason) = (option, reason) }

  var description: String { "\(option) \(reason)" }
}
