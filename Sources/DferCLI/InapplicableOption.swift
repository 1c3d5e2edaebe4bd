/// An option that would do nothing where it is given. A default of the configuration file is left out there; one that was typed is
/// refused, because whoever typed it expects something to happen.
struct InapplicableOption: Error, CustomStringConvertible, Hashable {
  /// Its name with the dashes.
  let option: String
  let reason: String

  init(_ option: String, _ reason: String) { (self.option, self.reason) = (option, reason) }

  var description: String { "\(option) \(reason)" }
}
