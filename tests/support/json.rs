//! Output for programs: an object a line.

use serde_json::Value;

/// Each line as an object.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}
