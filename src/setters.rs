/// Defines the setters of a builder, one a line: each returns the builder with one place changed.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($value:ident: $type:ty) => $($place:ident).+ = $new:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $value: $type) -> Self {
                self.$($place).+ = $new;
                self
            }
        )*
    };
}

pub(crate) use setters;
