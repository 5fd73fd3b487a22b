//! Facts of AWS's services that the checks, the editor and the scaffold share: the events they emit, and the parameters
//! and answers of their calls. `authoring/tables/generate.py` writes the tables.

pub mod events;
pub mod models;
