//! Every path that a file names.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Collects the paths of a file.
#[derive(Default)]
pub(crate) struct Paths {
    pub(crate) found: Vec<Vec<String>>,
    /// Paths of `use`, each with the name it gives.
    pub(crate) uses: Vec<(Vec<String>, String)>,
    pub(crate) defines: Vec<String>,
    depth: usize,
}

impl Paths {
    fn spread(&mut self, tree: &UseTree, prefix: &[String]) {
        let joined = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.spread(&path.tree, &joined(path.ident.to_string())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.spread(tree, prefix)),
            UseTree::Glob(_) => self.uses.push((prefix.to_vec(), "*".to_owned())),
            UseTree::Name(name) if name.ident == "self" => {
                self.uses.push((prefix.to_vec(), prefix.last().cloned().unwrap_or_default()));
            }
            UseTree::Name(name) => self.uses.push((joined(name.ident.to_string()), name.ident.to_string())),
            UseTree::Rename(rename) => {
                let path = if rename.ident == "self" { prefix.to_vec() } else { joined(rename.ident.to_string()) };
                self.uses.push((path, rename.rename.to_string()));
            }
        }
    }

    /// Paths in the tokens of a macro, which no parser knows.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.end(&mut path),
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.found.push(std::mem::take(path));
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Const(it) => &it.attrs,
            Item::Enum(it) => &it.attrs,
            Item::Fn(it) => &it.attrs,
            Item::Impl(it) => &it.attrs,
            Item::Macro(it) => &it.attrs,
            Item::Mod(it) => &it.attrs,
            Item::Static(it) => &it.attrs,
            Item::Struct(it) => &it.attrs,
            Item::Trait(it) => &it.attrs,
            Item::Type(it) => &it.attrs,
            Item::Use(it) => &it.attrs,
            _ => &Vec::new(),
        };
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if self.depth == 0 {
            let name = match item {
                Item::Const(it) => Some(&it.ident),
                Item::Enum(it) => Some(&it.ident),
                Item::Fn(it) => Some(&it.sig.ident),
                Item::Static(it) => Some(&it.ident),
                Item::Struct(it) => Some(&it.ident),
                Item::Trait(it) => Some(&it.ident),
                Item::Type(it) => Some(&it.ident),
                _ => None,
            };
            self.defines.extend(name.map(ToString::to_string));
        }
        self.depth += 1;
        visit::visit_item(self, item);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.spread(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.found.push(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}
