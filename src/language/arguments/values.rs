//! The steps that take values.

use super::super::expected::{Expected, Source};
use super::super::matching::begins;
use super::super::mistake::Mistake;
use super::super::value::{Port, Value};
use super::super::words::Word;
use super::Arguments;
use crate::wire::Mode;

impl Arguments<'_> {
    /// Takes a value.
    pub(in crate::language) fn value<T: Value>(&mut self, name: &'static str) -> Result<T, Mistake> {
        self.value_if(name)?.ok_or_else(|| self.missing(name))
    }

    /// Takes a value, if there is a word.
    pub(in crate::language) fn value_if<T: Value>(&mut self, name: &'static str) -> Result<Option<T>, Mistake> {
        self.expected.push(Expected::Value(name, T::range, T::suggestions));
        let value = self.peek().map(|word| self.convert(name, word)).transpose()?;
        self.take();
        Ok(value)
    }

    /// Takes a value, or this keyword, which is `None` and means `help`. Tab offers values first.
    pub(in crate::language) fn value_or<T: Value>(
        &mut self,
        name: &'static str,
        (keyword, help): (&'static str, &'static str),
    ) -> Result<Option<T>, Mistake> {
        let before = self.expected.len();
        if self.flag(keyword, help) {
            return Ok(None);
        }
        self.expected.insert(before, Expected::Value(name, T::range, T::suggestions));
        let Some(word) = self.peek() else { return Err(self.missing(name)) };
        let range = || format!("{}, or {keyword}", T::range());
        let value = T::read(word).ok_or_else(|| self.bad_value(word, name, range()))?;
        self.take();
        Ok(Some(value))
    }

    /// Takes a value, or else a name from this source.
    pub(in crate::language) fn value_or_name<T: Value>(
        &mut self,
        value: &'static str,
        source: Source,
        name: &'static str,
    ) -> Result<Result<T, Word>, Mistake> {
        self.expected.push(Expected::Value(value, T::range, T::suggestions));
        let word = self.name(source, name)?;
        Ok(T::read(&word).ok_or(word))
    }

    /// Takes the value of a setting, the only word, or `auto`, which is `None`.
    pub(in crate::language) fn only_value_or_auto<T: Value>(&mut self) -> Result<Option<T>, Mistake> {
        self.at_most(1)?;
        self.value_or_auto()
    }

    /// Takes the value of a setting, or `auto`, which is `None`.
    pub(in crate::language) fn value_or_auto<T: Value>(&mut self) -> Result<Option<T>, Mistake> {
        self.setting().value_or("value", ("auto", T::AUTO))
    }

    /// Takes a value, if a number is next.
    pub(in crate::language) fn number_if<T: Value>(&mut self, name: &'static str) -> Result<Option<T>, Mistake> {
        self.value_when(self.is_number(), name)
    }

    /// Takes a value, if the next word is one; what else it can be, the next steps know.
    pub(in crate::language) fn value_when<T: Value>(
        &mut self,
        is_next: bool,
        name: &'static str,
    ) -> Result<Option<T>, Mistake> {
        if is_next {
            return self.value_if(name);
        }
        self.expected.push(Expected::Value(name, T::range, T::suggestions));
        Ok(None)
    }

    /// Whether a number is next.
    pub(in crate::language) fn is_number(&self) -> bool {
        self.peek().and_then(|word| word.bytes().first()).is_some_and(u8::is_ascii_digit)
    }

    /// Whether a number is next, and nothing but its digits.
    pub(in crate::language) fn is_bare_number(&self) -> bool {
        self.is_number() && self.peek().is_some_and(|word| word.bytes().iter().all(u8::is_ascii_digit))
    }

    /// Whether a number is next, perhaps that of a packet: `3`, `#3`, `3-5`.
    pub(in crate::language) fn is_packet(&self) -> bool {
        self.is_number() || self.peek().is_some_and(|word| word.bytes().starts_with(b"#"))
    }

    /// Reads a word that was taken as a value.
    pub(in crate::language) fn convert<T: Value>(&self, name: &'static str, word: &Word) -> Result<T, Mistake> {
        T::read(word).ok_or_else(|| self.bad_value(word, name, T::range()))
    }

    /// Takes a port, if there is a word.
    pub(in crate::language) fn port_if(&mut self) -> Result<Option<u16>, Mistake> {
        let port = self.value_if("[port]");
        let range = || Some(format!("port must be {}", Port::range()));
        Ok(port.map_err(|_| self.bsd("bad port number", None, range()))?.map(|Port(port)| port))
    }

    /// Takes a mode, if there is a word.
    pub(in crate::language) fn mode_if(&mut self) -> Result<Option<Mode>, Mistake> {
        let mode = self.value_if("ascii | netascii | binary | image | octet");
        mode.map_err(|_| match self.peek() {
            Some(word) if word.is("mail") => self.bsd("obsolete mode, not supported (RFC 1350 section 1)", None, None),
            _ => self.bsd("unknown mode", self.command.usage.first().copied(), None),
        })
    }

    /// Whether the next word is a key and a value.
    pub(in crate::language) fn is_assignment(&self) -> bool {
        self.peek().is_some_and(|word| word.bytes().contains(&b'='))
    }

    /// Takes a key and a value, if the next word has one of these keys. `name` is its name in the usage line.
    pub(in crate::language) fn assignment_if(
        &mut self,
        keys: &[&'static str],
        (name, examples): (&'static str, &'static [&'static str]),
    ) -> Option<Word> {
        self.expected.push(Expected::Assignment(name, examples));
        let word = self.peek()?;
        let end = word.bytes().iter().position(|&byte| byte == b'=')?;
        let (key, value) = (word.bytes().get(..end)?, Word::new(word.bytes().get(end + 1..)?));
        let is_next = !key.is_empty() && keys.iter().any(|name| begins(name, key));
        is_next.then(|| self.take())?;
        Some(value)
    }
}
