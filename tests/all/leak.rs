//! No card data in any sink.
