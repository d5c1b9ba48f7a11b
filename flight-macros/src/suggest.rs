//! Which of the legal words a misspelt one was meant to be.

/// The nearest candidate, if at most a third of its letters differ.
pub(crate) fn closest<'a>(
    found: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let found = found.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&found, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            let letters = candidate.chars().count();
            // Of a single letter nothing is left that it could have been meant by.
            *distance <= (letters / 3).max(1) && *distance < letters
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before = vec![0; to.len() + 1];
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best = (above[j] + usize::from(a != b))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn a_swap_is_one_step() {
        assert_eq!(distance("shcema", "schema"), 1);
        assert_eq!(distance("", "list"), 4);
        assert_eq!(distance("ordered", "ordered"), 0);
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let options = ["schema", "list", "ordered"];
        assert_eq!(closest("shema", options), Some("schema"));
        assert_eq!(closest("sorted", options), None);
        assert_eq!(closest("LIST", options), Some("list"));
        assert_eq!(closest("x", ["y"]), None);
    }
}
