//! Puts a module's functions in the order of their names, and takes the names away.
//!
//! gzip finds only what stood within the last 32 kB. Copies of one generic function, which are alike, stand together then: that makes the
//! gzipped module a seventh smaller than functions by their size, as wasm-bindgen leaves them.

use crate::command::Outcome;
use std::collections::BTreeMap;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, CustomSectionReader, FunctionSectionReader, KnownCustom, Name, Parser, Payload, TypeRef};

/// The same module in that order.
///
/// # Errors
/// It is no WASM.
pub(crate) fn by_name(wasm: &[u8]) -> Outcome<Vec<u8>> {
    let mut ordered = Ordered::of(wasm)?;
    let mut module = Module::new();
    ordered.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// How functions are numbered anew.
struct Ordered {
    /// Those that aren't imported, by their old numbers without the imported, in their new order.
    order: Vec<usize>,
    /// A function's new number, by its old one. The imported keep theirs.
    numbers: Vec<u32>,
}

impl Ordered {
    fn of(wasm: &[u8]) -> Outcome<Self> {
        let mut imported = 0;
        let mut sizes: Vec<usize> = Vec::new();
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(body.range().len()),
                Payload::CustomSection(section) => names.append(&mut function_names(&section)?),
                _ => {}
            }
        }
        let name = |own: usize| u32::try_from(own).ok().and_then(|own| names.get(&(imported + own)));
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|own| (name(*own), sizes[*own]));
        let mut numbers: Vec<u32> = (0..imported).collect();
        numbers.resize(numbers.len() + order.len(), 0);
        for (new, old) in (imported..).zip(&order) {
            numbers[imported as usize + old] = new;
        }
        Ok(Ordered { order, numbers })
    }
}

fn function_names(section: &CustomSectionReader<'_>) -> Outcome<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    if let KnownCustom::Name(subsections) = section.as_known() {
        for subsection in subsections {
            if let Name::Function(functions) = subsection? {
                for naming in functions {
                    let naming = naming?;
                    names.insert(naming.index, naming.name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

type Recoded<T = ()> = Result<T, Error>;

impl Reencode for Ordered {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Recoded<u32> {
        Ok(self.numbers[function as usize])
    }

    fn parse_function_section(&mut self, functions: &mut FunctionSection, section: FunctionSectionReader<'_>) -> Recoded {
        let types = section.into_iter().collect::<Result<Vec<u32>, _>>()?;
        for own in &self.order {
            functions.function(types[*own]);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Recoded {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for own in self.order.clone() {
            utils::parse_function_body(self, code, bodies[own].clone())?;
        }
        Ok(())
    }

    /// Names, and what tools have left: nobody reads them.
    fn parse_custom_section(&mut self, _: &mut Module, _: CustomSectionReader<'_>) -> Recoded {
        Ok(())
    }
}
