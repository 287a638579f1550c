"""The bar: reliability and security, checked over a service in this process."""
