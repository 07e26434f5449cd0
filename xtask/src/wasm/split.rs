//! Splits the module in two: what a first load calls, and the rest, which is fetched after it.
//!
//! Both parts share memory, tables and globals. In the first part, each function of the rest that it refers to is a stub, which calls
//! through a table that the second part fills when it is instantiated. A stub that is called before that asks for the second part first, by the
//! import that `sim-wasm/src/rest.rs` declares; it must be there when that returns.
//!
//! Which functions a first load calls is measured: [`instrumented`] makes a module that remembers it.

use crate::command::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{Call, CallIndirect, Const, GlobalGet, GlobalSet, IfElse, LocalGet, UnaryOp, Unop, Value};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind, GlobalId, GlobalKind, ImportId,
    ImportKind, ImportedFunction, Module, RefType, TableId, ValType,
};

/// What the import is called (in part) that loads the rest.
const LOAD: &str = "podariumRest";
/// The first part's exported global that is 1 once the rest is there.
const READY: &str = "restReady";
/// The module name by which the rest imports from the first part.
const FIRST: &str = "first";
/// What the name of an instrumented function's global begins with.
pub(crate) const CALLED: &str = "called ";

/// The two parts of a module.
pub(crate) struct Parts {
    pub(crate) first: Vec<u8>,
    pub(crate) rest: Vec<u8>,
}

/// The module with an exported global for each of its functions, `called N`, which is 1 once the function has been called. Functions are
/// numbered as they come, without the imported ones.
///
/// # Errors
/// It is no WASM.
pub(crate) fn instrumented(wasm: &[u8]) -> Outcome<Vec<u8>> {
    let mut module = Module::from_buffer(wasm)?;
    for (number, id) in own_functions(&module).into_iter().enumerate() {
        let called = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
        module.exports.add(&format!("{CALLED}{number}"), called);
        let mut body = module.funcs.get_mut(id).kind.unwrap_local_mut().builder_mut().func_body();
        body.instr_at(0, Const { value: Value::I32(1) }).instr_at(1, GlobalSet { global: called });
    }
    Ok(module.emit_wasm())
}

/// Splits a module: the functions numbered in `first` stay in the first part.
///
/// # Errors
/// It is no WASM, or nothing in it loads a rest.
pub(crate) fn split(wasm: &[u8], first: &BTreeSet<usize>) -> Outcome<Parts> {
    // Twice the same: only what is still referred to once everything else has gone needs a slot.
    let mut draft = First::new(wasm, first)?;
    draft.stub_all(&draft.moved.clone())?;
    walrus::passes::gc::run(&mut draft.module);
    let left: BTreeSet<FunctionId> = draft.module.funcs.iter().map(|function| function.id()).collect();
    let needed: BTreeSet<usize> = draft.moved.iter().filter(|(_, id)| left.contains(id)).map(|(number, _)| *number).collect();

    let mut part = First::new(wasm, first)?;
    let slots: Vec<_> = part.moved.iter().copied().filter(|(number, _)| needed.contains(number)).collect();
    let (rest, shared) = rest(wasm, first, &needed)?;
    for (name, shared) in shared {
        let item = shared.within(&part.module).ok_or("two readings of one module differ")?;
        part.module.exports.add(&name, item);
    }
    part.stub_all(&slots)?;
    set_size(&mut part.module, part.table, slots.len());
    part.module.exports.add(READY, part.ready);
    walrus::passes::gc::run(&mut part.module);
    Ok(Parts { first: part.module.emit_wasm(), rest })
}

/// The module's functions that aren't imported, as they come.
fn own_functions(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter_local().map(|(id, _)| id).collect()
}

/// Those that go into the rest, with their numbers.
fn moved(module: &Module, first: &BTreeSet<usize>) -> Vec<(usize, FunctionId)> {
    own_functions(module).into_iter().enumerate().filter(|(number, _)| !first.contains(number)).collect()
}

/// The table of the rest's functions, and the global that says that it is there: in both parts, they come last of their kind.
fn shared_with_rest(module: &mut Module) -> (TableId, GlobalId) {
    let table = module.tables.add_local(false, 0, None, RefType::FUNCREF);
    let ready = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
    (table, ready)
}

fn set_size(module: &mut Module, table: TableId, slots: usize) {
    let table = module.tables.get_mut(table);
    (table.initial, table.maximum) = (slots as u64, Some(slots as u64));
}

/// What is to become the first part.
struct First {
    module: Module,
    /// The functions that go into the rest, with their numbers.
    moved: Vec<(usize, FunctionId)>,
    load: FunctionId,
    /// Holds the rest's functions, once it is there.
    table: TableId,
    /// 1 once it is.
    ready: GlobalId,
}

impl First {
    fn new(wasm: &[u8], first: &BTreeSet<usize>) -> Outcome<Self> {
        let mut module = Module::from_buffer(wasm)?;
        let moved = moved(&module, first);
        let load = module.imports.iter().find_map(|import| match import.kind {
            ImportKind::Function(id) if import.name.contains(LOAD) => Some(id),
            _ => None,
        });
        let load = load.ok_or_else(|| format!("the module has no import {LOAD}, which would load its second part"))?;
        let (table, ready) = shared_with_rest(&mut module);
        Ok(First { module, moved, load, table, ready })
    }

    /// Replaces functions by stubs: each calls what is in the table at its place in the list.
    fn stub_all(&mut self, functions: &[(usize, FunctionId)]) -> Outcome {
        for (slot, (_, id)) in functions.iter().enumerate() {
            let ty = self.module.funcs.get(*id).ty();
            let (parameters, results) = self.module.types.params_results(ty);
            let (parameters, results) = (parameters.to_vec(), results.to_vec());
            let mut builder = FunctionBuilder::new(&mut self.module.types, &parameters, &results);
            let locals: Vec<_> = parameters.iter().map(|ty| self.module.locals.add(*ty)).collect();
            let nothing = builder.dangling_instr_seq(None).id();
            let load = builder.dangling_instr_seq(None).instr(Call { func: self.load }).id();
            let mut body = builder.func_body();
            body.instr(GlobalGet { global: self.ready }).instr(Unop { op: UnaryOp::I32Eqz });
            body.instr(IfElse { consequent: load, alternative: nothing });
            for local in &locals {
                body.instr(LocalGet { local: *local });
            }
            body.instr(Const { value: Value::I32(i32::try_from(slot)?) }).instr(CallIndirect { ty, table: self.table });
            self.module.funcs.get_mut(*id).kind = FunctionKind::Local(builder.local_func(locals));
        }
        Ok(())
    }
}

/// What the first part exports for the rest, by its place among those of its kind. Ids are of one reading of a module; places are of all.
#[derive(Clone, Copy)]
enum Shared {
    Function(usize),
    Global(usize),
    Table(usize),
    Memory(usize),
}

impl Shared {
    fn within(self, module: &Module) -> Option<ExportItem> {
        Some(match self {
            Shared::Function(place) => module.funcs.iter().nth(place)?.id().into(),
            Shared::Global(place) => module.globals.iter().nth(place)?.id().into(),
            Shared::Table(place) => module.tables.iter().nth(place)?.id().into(),
            Shared::Memory(place) => module.memories.iter().nth(place)?.id().into(),
        })
    }
}

/// The second part, and what the first has to export for it, by name. `needed` are the numbers of the functions that the first part calls; they
/// get its slots, in their order.
fn rest(wasm: &[u8], first: &BTreeSet<usize>, needed: &BTreeSet<usize>) -> Outcome<(Vec<u8>, BTreeMap<String, Shared>)> {
    let mut module = Module::from_buffer(wasm)?;
    let moved = moved(&module, first);
    let (table, ready) = shared_with_rest(&mut module);
    forget_contents(&mut module);
    let mut shared = import_all(&mut module, &moved.iter().map(|(_, id)| *id).collect());
    let slots: Vec<FunctionId> = moved.iter().filter(|(number, _)| needed.contains(number)).map(|(_, id)| *id).collect();
    set_size(&mut module, table, slots.len());
    let kind = ElementKind::Active { table, offset: ConstExpr::Value(Value::I32(0)) };
    let element = module.elements.add(kind, ElementItems::Functions(slots));
    module.tables.get_mut(table).elem_segments.insert(element);
    let mut start = FunctionBuilder::new(&mut module.types, &[], &[]);
    start.func_body().instr(Const { value: Value::I32(1) }).instr(GlobalSet { global: ready });
    module.start = Some(start.finish(vec![], &mut module.funcs));
    walrus::passes::gc::run(&mut module);
    let used: BTreeSet<&str> = module.imports.iter().map(|import| import.name.as_str()).collect();
    shared.retain(|name, _| used.contains(name.as_str()));
    Ok((module.emit_wasm(), shared))
}

/// Takes away what only the first part is to have: data, elements, exports, the start function.
fn forget_contents(module: &mut Module) {
    let data: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    data.into_iter().for_each(|id| module.data.delete(id));
    module.memories.iter_mut().for_each(|memory| memory.data_segments.clear());
    let elements: Vec<_> = module.elements.iter().map(|element| element.id()).collect();
    elements.into_iter().for_each(|id| module.elements.delete(id));
    module.tables.iter_mut().for_each(|table| table.elem_segments.clear());
    let exports: Vec<_> = module.exports.iter().map(|export| export.id()).collect();
    exports.into_iter().for_each(|id| module.exports.delete(id));
    module.start = None;
}

/// Makes everything but the `moved` functions an import from the first part. What that has to export, by the name of its import.
fn import_all(module: &mut Module, moved: &BTreeSet<FunctionId>) -> BTreeMap<String, Shared> {
    let imports: Vec<ImportId> = module.imports.iter().map(|import| import.id()).collect();
    imports.into_iter().for_each(|id| module.imports.delete(id));
    let mut shared = BTreeMap::new();
    let mut import = |module: &mut Module, letter: char, place: usize, kind: ImportKind, what: Shared| {
        // Short: there are thousands.
        let name = format!("{letter}{place}");
        let import = module.imports.add(FIRST, &name, kind);
        shared.insert(name, what);
        import
    };
    let functions: Vec<_> = module.funcs.iter().map(|function| (function.id(), function.ty())).collect();
    for (place, (id, ty)) in functions.into_iter().enumerate().filter(|(_, (id, _))| !moved.contains(id)) {
        let import = import(module, 'f', place, id.into(), Shared::Function(place));
        module.funcs.get_mut(id).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }
    let globals: Vec<_> = module.globals.iter().map(|global| global.id()).collect();
    for (place, id) in globals.into_iter().enumerate() {
        let import = import(module, 'g', place, id.into(), Shared::Global(place));
        module.globals.get_mut(id).kind = GlobalKind::Import(import);
    }
    let tables: Vec<_> = module.tables.iter().map(|table| table.id()).collect();
    for (place, id) in tables.into_iter().enumerate() {
        let import = import(module, 't', place, id.into(), Shared::Table(place));
        module.tables.get_mut(id).import = Some(import);
    }
    let memories: Vec<_> = module.memories.iter().map(|memory| memory.id()).collect();
    for (place, id) in memories.into_iter().enumerate() {
        let import = import(module, 'm', place, id.into(), Shared::Memory(place));
        module.memories.get_mut(id).import = Some(import);
    }
    shared
}
