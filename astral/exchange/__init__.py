"""Other tools' files, both ways. Empty as yet; the ports Exporter and Importer in `domain/ports.py` say what goes here."""
