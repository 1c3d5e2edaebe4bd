/// The name in `names` that someone who typed `name` probably meant: at most a third of its letters differ.
package func nearestName(to name: String, among names: [String]) -> String? {
  names.map { ($0, editDistance(name, $0)) }
    .filter { $0.1 <= max(2, $0.0.count / 3) }
    .min { $0.1 < $1.1 }?.0
}

/// Levenshtein distance: how many letters to add, drop or change.
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let change = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
